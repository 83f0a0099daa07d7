// Certificates as rows of the datastore, where everything that serves certificates finds them.
#include <algorithm>

#include "plugin/config.h"
#include "plugins/acme/task.h"

namespace silverback::plugins::acme {
namespace {

constexpr char kTag[] = "managed-by-acme";

// A certificate that people have put there may have other names: it is theirs to remove.
bool IsOurs(const plugin::EntityRef& certificate) {
  if (!certificate) return false;
  const std::vector<std::string> tags = plugin::StringList(*certificate, "tags");
  return std::find(tags.begin(), tags.end(), kTag) != tags.end();
}

}  // namespace

void Certifier::KeepRows(const TaskRef& task) {
  Json row = {{"cert", task->certificate}, {"key", task->key}, {"tags", Json::array({kTag})}};
  env_.writer->Insert("certificates", std::move(row), 0,
                      [self = shared_from_this(), task](const Result<Json>& made) {
                        if (made) return self->PointNameAt(task, StringMember(*made, "id"));
                        self->FailTask(task, {ErrorCode::kInternal,
                                              "could not insert cert: " + made.error().message()});
                      });
}

// The name changes over in one step; the old certificate goes when nothing shows it any more.
void Certifier::PointNameAt(const TaskRef& task, const std::string& certificate_id) {
  const auto name = env_.entities.FindUnique("snis", "name", task->host);
  std::string old_id = name ? ForeignId(*name, "certificate") : "";
  if (!IsOurs(env_.entities.Find("certificates", old_id))) old_id.clear();
  Json row = {{"certificate", {{"id", certificate_id}}}, {"tags", Json::array({kTag})}};
  env_.writer->Upsert(
      "snis", "name", task->host, std::move(row), 0,
      [self = shared_from_this(), task, certificate_id, old_id](const Result<Json>& pointed) {
        const auto remove = [&](const std::string& id, std::function<void()> then) {
          self->env_.writer->Delete(
              "certificates", id, [self, id, then = std::move(then)](const Result<Json>& removed) {
                if (!removed) {
                  self->Log(plugin::LogLevel::kWarn, "error deleting certificate entity " + id +
                                                         ": " + removed.error().message());
                }
                then();
              });
        };
        if (!pointed) {
          const Error why(ErrorCode::kInternal,
                          "could not upsert sni: " + pointed.error().message());
          return remove(certificate_id, [self, task, why] { self->FailTask(task, why); });
        }
        if (old_id.empty()) return self->Plan(task);
        remove(old_id, [self, task] { self->Plan(task); });
      });
}

std::optional<CertificateAndKey> Certifier::LoadRows(const std::string& host) {
  const auto name = env_.entities.FindUnique("snis", "name", host);
  if (!name) return std::nullopt;
  const auto row = env_.entities.Find("certificates", ForeignId(*name, "certificate"));
  if (!row) return std::nullopt;
  return CertificateAndKey{StringMember(*row, "cert"), StringMember(*row, "key")};
}

}  // namespace silverback::plugins::acme
