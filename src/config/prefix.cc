#include "config/prefix.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include "config/cipher_suites.h"
#include "config/default_certificates.h"
#include "config/files.h"
#include "config/nginx_files.h"
#include "config/process_secrets.h"

namespace silverback::config {

namespace fs = std::filesystem;

// Does the steps of PreparePrefix on its own copy of the configuration, which default certificates
// complete.
class PrefixWriter {
 public:
  PrefixWriter(const GatewayConf& conf, const PrefixOptions& options)
      : conf_(conf), options_(options) {}

  Status Run() {
    for (const auto step :
         {&PrefixWriter::MakeTree, &PrefixWriter::MakeCertificates,
          &PrefixWriter::MakeClientCertificate, &PrefixWriter::MakeTrustedCertificates,
          &PrefixWriter::MakeDhParameters, &PrefixWriter::WriteConfigurations}) {
      if (Status done = (this->*step)(); !done) return done;
    }
    return Ok();
  }

 private:
  void Tell(LogLevel level, const std::string& text) {
    if (options_.log) options_.log(level, text);
  }

  Status MakeTree() {
    const std::string& prefix = conf_.prefix();
    Tell(LogLevel::kVerbose, "preparing nginx prefix directory at " + prefix);
    if (!FileExists(prefix)) {
      Tell(LogLevel::kPlain,
           fmt::format("prefix directory {} not found, trying to create it", prefix));
    } else if (!fs::is_directory(prefix)) {
      return Error(ErrorCode::kInvalidInput, prefix + " is not a directory");
    }
    for (const char* folder : {"", "/logs", "/pids"}) {
      if (Status made = MakeFolders(prefix + folder); !made) return made;
    }
    for (const char* log : {"nginx_err_logs", "nginx_acc_logs", "admin_acc_logs"}) {
      if (Status made = TouchFile(conf_.String(log)); !made) return made;
    }
    return Ok();
  }

  Status MakeCertificates() {
    for (const std::string target : {"proxy", "admin", "status"}) {
      const bool ssl = conf_.Bool(target + "_ssl_enabled") ||
                       (target == "proxy" && conf_.Bool("stream_proxy_ssl_enabled"));
      const std::string property = (target == "proxy" ? "" : target + "_") + "ssl_cert";
      if (!ssl || !conf_.List(property).empty() || !conf_.List(property + "_key").empty()) continue;
      Tell(LogLevel::kVerbose,
           fmt::format("SSL enabled on {}, no custom certificate set: using default certificates",
                       target));
      if (Status made = MakeDefaultPair(target, property, "", KeyKind::kRsa); !made) return made;
      if (Status made = MakeDefaultPair(target, property, "_ecdsa", KeyKind::kEcdsa); !made) {
        return made;
      }
    }
    return Ok();
  }

  // The upstreams see the proxy's default certificate when there is none for clients.
  Status MakeClientCertificate() {
    if (!conf_.Bool("client_ssl") || !conf_.String("client_ssl_cert").empty()) return Ok();
    const std::string certificate = conf_.String("client_ssl_cert_default");
    const std::string key = conf_.String("client_ssl_cert_key_default");
    Tell(LogLevel::kVerbose,
         "client SSL enabled, no custom certificate set: using default certificate");
    if (Status made = MakeFolders(conf_.prefix() + "/ssl"); !made) return made;
    if (!FileExists(certificate) && !FileExists(key)) {
      if (Status made = WriteDefaultCertificate(KeyKind::kRsa, certificate, key); !made)
        return made;
    }
    conf_.values_["client_ssl_cert"] = certificate;
    conf_.values_["client_ssl_cert_key"] = key;
    return Ok();
  }

  Status MakeDefaultPair(const std::string& target, const std::string& property,
                         const std::string& suffix, KeyKind kind) {
    const std::string certificate = conf_.String(property + "_default" + suffix);
    const std::string key = conf_.String(property + "_key_default" + suffix);
    if (Status made = MakeFolders(conf_.prefix() + "/ssl"); !made) return made;
    if (FileExists(certificate) || FileExists(key)) {
      Tell(LogLevel::kVerbose, fmt::format("{} SSL certificate found at {}", target, certificate));
    } else {
      Tell(LogLevel::kVerbose,
           fmt::format("generating {} SSL certificate ({}) and key ({}) for listener", target,
                       certificate, key));
      if (Status made = WriteDefaultCertificate(kind, certificate, key); !made) return made;
    }
    conf_.values_[property].push_back(certificate);
    conf_.values_[property + "_key"].push_back(key);
    return Ok();
  }

  Status MakeTrustedCertificates() {
    const std::string combined = conf_.String("lua_ssl_trusted_certificate_combined");
    if (combined.empty()) return Ok();
    Tell(LogLevel::kVerbose, "generating trusted certs combined file in " + combined);
    std::string text;
    for (const std::string& path : conf_.List("lua_ssl_trusted_certificate")) {
      auto part = ReadWholeFile(path);
      if (!part) return part.error();
      text += *part + "\n";
    }
    return WriteFile(combined, text, 0644);
  }

  Status MakeDhParameters() {
    if (!conf_.Bool("proxy_ssl_enabled") && !conf_.Bool("stream_proxy_ssl_enabled") &&
        !conf_.Bool("admin_ssl_enabled") && !conf_.Bool("status_ssl_enabled")) {
      return Ok();
    }
    for (const char* property : {"nginx_http_ssl_dhparam", "nginx_stream_ssl_dhparam"}) {
      const std::string name = conf_.String(property);
      const std::string path = conf_.prefix() + "/ssl/" + name + ".pem";
      if (name.empty() || !IsDhGroup(name) || FileExists(path)) continue;
      Tell(LogLevel::kVerbose, fmt::format("generating {} DH parameters", name));
      if (Status made = MakeFolders(conf_.prefix() + "/ssl"); !made) return made;
      if (Status made = WriteFile(path, DhGroupPem(name).value_or(""), 0644); !made) return made;
    }
    return Ok();
  }

  Status WriteConfigurations() {
    if (const double limit = OpenFileLimit(); limit < 4096) {
      Tell(LogLevel::kWarning,
           fmt::format("ulimit is currently set to \"{}\". For better performance set it to at "
                       "least \"4096\" using \"ulimit -n\"",
                       limit));
    }
    auto files = RenderNginxFiles(conf_, options_);
    if (!files) return files.error();
    Status done = WriteFile(conf_.String("nginx_conf"), files->nginx, 0644);
    if (done) done = WriteFile(conf_.String("nginx_kong_conf"), files->kong, 0644);
    if (done) done = WriteFile(conf_.String("nginx_kong_stream_conf"), files->kong_stream, 0644);
    return done ? WriteSettings() : done;
  }

  // Secrets are never left from a time when settings referred to some.
  Status WriteSettings() {
    const std::string env_file = EnvFilePath(conf_), text = conf_.ToEnvFile();
    unlink(SecretsPath(env_file).c_str());
    if (Status done = WriteFile(env_file, text, 0640); !done) return done;
    Settings secrets;
    for (const auto& [name, reference] : conf_.references_)
      secrets[reference.text] = reference.secret;
    if (secrets.empty()) return Ok();
    const auto sealed = SealSecrets(secrets, text);
    if (!sealed) return sealed.error();
    return WriteFile(SecretsPath(env_file), *sealed, 0600);
  }

  GatewayConf conf_;
  const PrefixOptions& options_;
};

Status PreparePrefix(const GatewayConf& conf, const PrefixOptions& options) {
  return PrefixWriter(conf, options).Run();
}

std::string EnvFilePath(const GatewayConf& conf) { return conf.String("kong_env"); }

}  // namespace silverback::config
