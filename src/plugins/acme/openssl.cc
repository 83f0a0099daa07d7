#include "plugins/acme/openssl.h"

#include <openssl/err.h>

namespace silverback::plugins::acme {

std::string TextOf(BIO* memory) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(memory, &data);
  return size > 0 ? std::string(data, static_cast<size_t>(size)) : std::string();
}

BioPtr Reader(std::string_view text) {
  return BioPtr(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

Error OpensslError(std::string_view what) {
  std::string message(what);
  if (const char* reason = ERR_reason_error_string(ERR_peek_last_error()))
    message.append(": ").append(reason);
  ERR_clear_error();
  return {ErrorCode::kInternal, message};
}

}  // namespace silverback::plugins::acme
