#include "config/worker_user.h"

#include <grp.h>
#include <pwd.h>
#include <unistd.h>
#include <vector>

#include "util/string_util.h"

namespace silverback::config {

Result<std::optional<WorkerUser>> FindWorkerUser(const GatewayConf& conf) {
  if (geteuid() != 0) return std::optional<WorkerUser>();
  std::vector<std::string> words;
  for (const std::string_view word : Split(conf.String("nginx_main_user"), ' ')) {
    if (!word.empty()) words.emplace_back(word);
  }
  std::string group;
  if (words.empty()) {
    words = {"nobody"};
    group = getgrnam("nobody") ? "nobody" : "nogroup";
  } else {
    group = words.size() > 1 ? words[1] : words[0];
  }
  const passwd* user = getpwnam(words[0].c_str());
  if (!user) return Error(ErrorCode::kInvalidInput, "unknown user in nginx_main_user: " + words[0]);
  const uid_t uid = user->pw_uid;
  const struct group* found = getgrnam(group.c_str());
  if (!found) return Error(ErrorCode::kInvalidInput, "unknown group in nginx_main_user: " + group);
  return std::optional<WorkerUser>(WorkerUser{uid, found->gr_gid});
}

}  // namespace silverback::config
