#include "store/declarative/yaml_writer.h"

#include <yaml.h>

#include <string>

#include "store/declarative/yaml_scalar.h"

namespace silverback::store::declarative {
namespace {

// Whether block and plain styles would change the text when it is read again.
bool NeedsEscapes(std::string_view text) {
  if (text.starts_with(' ') || text.starts_with('\n') || text.ends_with(' ')) return true;
  for (size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    if ((c < 0x20 && c != '\n') || c == 0x7f) return true;
    // NEL, LINE SEPARATOR and PARAGRAPH SEPARATOR are line breaks to YAML.
    if (c == 0xc2 && text.substr(i).starts_with("\xc2\x85")) return true;
    if (c == 0xe2 &&
        (text.substr(i).starts_with("\xe2\x80\xa8") || text.substr(i).starts_with("\xe2\x80\xa9")))
      return true;
  }
  return text.find(" \n") != std::string_view::npos;
}

yaml_scalar_style_t StyleOf(const std::string& text) {
  if (NeedsEscapes(text)) return YAML_DOUBLE_QUOTED_SCALAR_STYLE;
  if (text.find('\n') != std::string::npos) return YAML_LITERAL_SCALAR_STYLE;
  if (!ResolveScalar(text).is_string() || text == "<<") return YAML_SINGLE_QUOTED_SCALAR_STYLE;
  return YAML_PLAIN_SCALAR_STYLE;
}

yaml_char_t* Bytes(std::string_view text) {
  return const_cast<yaml_char_t*>(reinterpret_cast<const yaml_char_t*>(text.data()));
}

}  // namespace

struct YamlWriter::Impl {
  yaml_emitter_t emitter{};
  Sink sink;
  Status status;

  static int Write(void* data, unsigned char* bytes, size_t size) {
    auto& self = *static_cast<Impl*>(data);
    if (self.status) self.status = self.sink({reinterpret_cast<const char*>(bytes), size});
    return self.status ? 1 : 0;
  }

  void Emit(yaml_event_t& event) {
    if (yaml_emitter_emit(&emitter, &event) == 1 || !status) return;
    status = Error(ErrorCode::kInternal, std::string("cannot write YAML: ") +
                                             (emitter.problem ? emitter.problem : "unknown"));
  }

  void Scalar(std::string_view text, yaml_scalar_style_t style) {
    yaml_event_t event;
    if (!yaml_scalar_event_initialize(&event, nullptr, nullptr, Bytes(text),
                                      static_cast<int>(text.size()), 1, 1, style)) {
      if (status) status = Error(ErrorCode::kInternal, "cannot write YAML: not UTF-8");
      return;
    }
    Emit(event);
  }

  void BeginMap() {
    yaml_event_t event;
    yaml_mapping_start_event_initialize(&event, nullptr, nullptr, 1, YAML_BLOCK_MAPPING_STYLE);
    Emit(event);
  }
  void EndMap() {
    yaml_event_t event;
    yaml_mapping_end_event_initialize(&event);
    Emit(event);
  }
  void BeginSequence() {
    yaml_event_t event;
    yaml_sequence_start_event_initialize(&event, nullptr, nullptr, 1, YAML_BLOCK_SEQUENCE_STYLE);
    Emit(event);
  }
  void EndSequence() {
    yaml_event_t event;
    yaml_sequence_end_event_initialize(&event);
    Emit(event);
  }

  void Value(const Json& value) {
    if (!status) return;
    if (value.is_string()) {
      const auto& text = value.get_ref<const std::string&>();
      Scalar(text, StyleOf(text));
    } else if (value.is_null()) {
      Scalar("~", YAML_PLAIN_SCALAR_STYLE);
    } else if (value.is_array()) {
      BeginSequence();
      for (const Json& item : value) Value(item);
      EndSequence();
    } else if (value.is_object()) {
      BeginMap();
      for (const auto& [key, member] : value.items()) {
        Scalar(key, StyleOf(key));
        Value(member);
      }
      EndMap();
    } else {
      Scalar(DumpJson(value), YAML_PLAIN_SCALAR_STYLE);
    }
  }
};

YamlWriter::YamlWriter(Sink sink) : impl_(std::make_unique<Impl>()) {
  impl_->sink = std::move(sink);
  yaml_emitter_initialize(&impl_->emitter);
  yaml_emitter_set_output(&impl_->emitter, &Impl::Write, impl_.get());
  yaml_emitter_set_unicode(&impl_->emitter, 1);
  yaml_emitter_set_width(&impl_->emitter, -1);
  yaml_event_t event;
  yaml_stream_start_event_initialize(&event, YAML_UTF8_ENCODING);
  impl_->Emit(event);
  yaml_document_start_event_initialize(&event, nullptr, nullptr, nullptr, 1);
  impl_->Emit(event);
  impl_->BeginMap();
}

YamlWriter::~YamlWriter() { yaml_emitter_delete(&impl_->emitter); }

void YamlWriter::Member(std::string_view key, const Json& value) {
  if (!impl_->status) return;
  impl_->Scalar(key, StyleOf(std::string(key)));
  impl_->Value(value);
}

void YamlWriter::BeginList(std::string_view key) {
  if (!impl_->status) return;
  impl_->Scalar(key, StyleOf(std::string(key)));
  impl_->BeginSequence();
}

void YamlWriter::Item(const Json& value) { impl_->Value(value); }

void YamlWriter::EndList() {
  if (impl_->status) impl_->EndSequence();
}

Status YamlWriter::Finish() {
  yaml_event_t event;
  if (impl_->status) impl_->EndMap();
  if (impl_->status) {
    yaml_document_end_event_initialize(&event, 1);
    impl_->Emit(event);
  }
  if (impl_->status) {
    yaml_stream_end_event_initialize(&event);
    impl_->Emit(event);
  }
  if (impl_->status) yaml_emitter_flush(&impl_->emitter);
  return impl_->status;
}

}  // namespace silverback::store::declarative
