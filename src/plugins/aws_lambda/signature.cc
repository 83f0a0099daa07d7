#include "plugins/aws_lambda/signature.h"

#include <fmt/chrono.h>

#include <map>

#include "util/crypto.h"
#include "util/string_util.h"

namespace silverback::plugins::aws {
namespace {

// A path with its segments escaped once, whatever they were.
std::string CanonicalPath(std::string_view path) {
  std::vector<std::string> segments;
  for (const std::string_view segment : Split(path, '/'))
    segments.push_back(PercentEncode(PercentDecode(segment, false)));
  return Join(segments, "/");
}

}  // namespace

std::string DateOf(double now) {
  return fmt::format("{:%Y%m%dT%H%M%SZ}", fmt::gmtime(static_cast<std::time_t>(now)));
}

std::string Authorization(const Signable& request, const Keys& keys) {
  std::map<std::string, std::string> sorted;
  for (const auto& [name, value] : request.headers)
    sorted[ToLower(name)] = std::string(Trim(value));
  std::string lines, names;
  for (const auto& [name, value] : sorted) {
    lines.append(name).append(":").append(value).append("\n");
    names.append(names.empty() ? "" : ";").append(name);
  }
  const std::string canonical = "POST\n" + CanonicalPath(request.path) + "\n" + request.query +
                                "\n" + lines + "\n" + names + "\n" + ToHex(Sha256(request.body));
  const std::string day = request.date.substr(0, 8);
  const std::string scope = day + "/" + request.region + "/" + request.service + "/aws4_request";
  const std::string text =
      "AWS4-HMAC-SHA256\n" + request.date + "\n" + scope + "\n" + ToHex(Sha256(canonical));
  std::string key = "AWS4" + keys.secret_key;
  for (const std::string& step :
       {day, request.region, request.service, std::string("aws4_request"), text})
    key = Hmac(HashKind::kSha256, key, step);
  return "AWS4-HMAC-SHA256 Credential=" + keys.access_key + "/" + scope +
         ", SignedHeaders=" + names + ", Signature=" + ToHex(key);
}

}  // namespace silverback::plugins::aws
