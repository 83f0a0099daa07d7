#include "nginx/certificates.h"

#include <openssl/err.h>
#include <openssl/pem.h>

#include <map>

#include "nginx/conf.h"
#include "nginx/gateway.h"
#include "nginx/guard.h"
#include "util/string_util.h"

extern "C" {
#include <ngx_http_ssl_module.h>
}

namespace silverback::nginx {
namespace {

template <auto Free>
struct Freer {
  template <class T>
  void operator()(T* object) const {
    Free(object);
  }
};
using X509Ptr = std::unique_ptr<X509, Freer<X509_free>>;
using KeyPtr = std::unique_ptr<EVP_PKEY, Freer<EVP_PKEY_free>>;
using BioPtr = std::unique_ptr<BIO, Freer<BIO_free>>;
using StorePtr = std::unique_ptr<X509_STORE, Freer<X509_STORE_free>>;
using SessionPtr = std::unique_ptr<SSL_SESSION, Freer<SSL_SESSION_free>>;

constexpr size_t kMostSessions = 1000;

// A certificate with its chain and key.
struct Leaf {
  X509Ptr certificate;
  std::vector<X509Ptr> chain;
  KeyPtr key;
  bool ok() const { return certificate && key; }
};

std::vector<X509Ptr> ReadCertificates(const std::string& pem) {
  std::vector<X509Ptr> read;
  BioPtr bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  while (X509* each = PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr))
    read.emplace_back(each);
  ERR_clear_error();
  return read;
}

Leaf ReadLeaf(const std::string& certificate, const std::string& key) {
  Leaf leaf;
  if (certificate.empty() || key.empty()) return leaf;
  leaf.chain = ReadCertificates(certificate);
  if (!leaf.chain.empty()) {
    leaf.certificate = std::move(leaf.chain.front());
    leaf.chain.erase(leaf.chain.begin());
  }
  BioPtr bio(BIO_new_mem_buf(key.data(), static_cast<int>(key.size())));
  leaf.key.reset(PEM_read_bio_PrivateKey(bio.get(), nullptr, nullptr, nullptr));
  ERR_clear_error();
  return leaf;
}

bool UseLeaf(SSL* ssl, const Leaf& leaf) {
  if (!leaf.ok()) return false;
  if (SSL_use_certificate(ssl, leaf.certificate.get()) != 1 ||
      SSL_use_PrivateKey(ssl, leaf.key.get()) != 1)
    return false;
  SSL_clear_chain_certs(ssl);
  for (const X509Ptr& each : leaf.chain) {
    if (SSL_add1_chain_cert(ssl, each.get()) != 1) return false;
  }
  return true;
}

using Row = std::shared_ptr<const Json>;
using SniMap =
    std::unordered_map<std::string, std::string>;  // name as configured -> certificate id

Row FindRow(const std::shared_ptr<const runtime::EntityTable>& table, std::string_view id) {
  if (!table) return nullptr;
  const auto found = table->rows.find(id);
  return found == table->rows.end() ? nullptr : found->second;
}

}  // namespace

// A row's certificate, and the alternative one of another key type.
struct CertificateStore::Pair {
  Row row;  // what it was made from
  Leaf main, alternative;
};

struct CertificateStore::State {
  std::string system_bundle;
  std::shared_ptr<const runtime::Snapshot> snapshot;
  SniMap names;
  std::shared_ptr<const runtime::EntityTable> names_of;
  std::unordered_map<std::string, Pair> pairs;  // by id
  struct Trust {
    std::string fingerprint;
    StorePtr store;
  };
  std::unordered_map<std::string, Trust> trusts;  // by the ids of the authorities
  std::unordered_map<std::string, SessionPtr> sessions;

  const Pair* Find(const std::string& id);
  const std::string* IdFor(std::string_view name) const;
  X509_STORE* TrustOf(const std::vector<std::string>& ids);
};

CertificateStore::CertificateStore(std::string system_bundle) : state_(std::make_unique<State>()) {
  state_->system_bundle = std::move(system_bundle);
}
CertificateStore::~CertificateStore() = default;

void CertificateStore::Use(std::shared_ptr<const runtime::Snapshot> snapshot) {
  State& s = *state_;
  s.snapshot = std::move(snapshot);
  if (s.names_of != s.snapshot->snis || !s.names_of) {
    s.names_of = s.snapshot->snis;
    s.names.clear();
    if (s.names_of) {
      for (const auto& [id, row] : s.names_of->rows)
        s.names[ToLower(StringMember(*row, "name"))] = ForeignId(*row, "certificate");
    }
  }
  std::erase_if(s.pairs, [&](const auto& entry) {
    return FindRow(s.snapshot->certificates, entry.first) != entry.second.row;
  });
}

const CertificateStore::Pair* CertificateStore::State::Find(const std::string& id) {
  Row row = FindRow(snapshot->certificates, id);
  if (!row) return nullptr;
  auto [place, made] = pairs.try_emplace(id);
  if (made || place->second.row != row) {
    place->second.main = ReadLeaf(StringMember(*row, "cert"), StringMember(*row, "key"));
    place->second.alternative =
        ReadLeaf(StringMember(*row, "cert_alt"), StringMember(*row, "key_alt"));
    place->second.row = std::move(row);
  }
  return &place->second;
}

// Exact name, then "*.rest", then "first.*", then "*".
const std::string* CertificateStore::State::IdFor(std::string_view name) const {
  const auto look = [&](const std::string& key) -> const std::string* {
    const auto found = names.find(key);
    return found == names.end() ? nullptr : &found->second;
  };
  const std::string lower = ToLower(name);
  if (const auto* id = look(lower)) return id;
  if (const size_t dot = lower.find('.'); dot != lower.npos) {
    if (const auto* id = look("*" + lower.substr(dot))) return id;
  }
  if (const size_t dot = lower.rfind('.'); dot != lower.npos) {
    if (const auto* id = look(lower.substr(0, dot) + ".*")) return id;
  }
  return look("*");
}

void CertificateStore::Present(SSL* ssl) {
  const char* name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
  if (name == nullptr || state_->names.empty()) return;
  const std::string* id = state_->IdFor(name);
  const Pair* pair = id != nullptr ? state_->Find(*id) : nullptr;
  if (pair == nullptr || !pair->main.ok()) return;
  SSL_certs_clear(ssl);
  UseLeaf(ssl, pair->main);
  if (pair->alternative.ok()) UseLeaf(ssl, pair->alternative);
}

X509_STORE* CertificateStore::State::TrustOf(const std::vector<std::string>& ids) {
  const std::string key = Join(ids, ",");
  std::string fingerprint;
  for (const std::string& id : ids) {
    if (const Row row = FindRow(snapshot->ca_certificates, id))
      fingerprint += StringMember(*row, "cert_digest") + ",";
  }
  Trust& trust = trusts[key];
  if (trust.store && trust.fingerprint == fingerprint) return trust.store.get();
  trust.fingerprint = std::move(fingerprint);
  trust.store.reset(X509_STORE_new());
  if (ids.empty()) {
    if (system_bundle.empty()) {
      X509_STORE_set_default_paths(trust.store.get());
    } else {
      X509_STORE_load_locations(trust.store.get(), system_bundle.c_str(), nullptr);
    }
  }
  for (const std::string& id : ids) {
    const Row row = FindRow(snapshot->ca_certificates, id);
    if (!row) continue;
    for (const X509Ptr& each : ReadCertificates(StringMember(*row, "cert")))
      X509_STORE_add_cert(trust.store.get(), each.get());
  }
  ERR_clear_error();
  return trust.store.get();
}

bool CertificateStore::Apply(const UpstreamTls& tls, SSL* ssl) {
  if (!tls.client_certificate.empty()) {
    const Pair* pair = state_->Find(tls.client_certificate);
    if (pair == nullptr || !UseLeaf(ssl, pair->main)) return false;
  }
  if (!tls.verify) return true;
  if (tls.verify_depth >= 0) SSL_set_verify_depth(ssl, tls.verify_depth);
  return SSL_set1_verify_cert_store(ssl, state_->TrustOf(tls.ca_certificates)) == 1;
}

std::string CertificateStore::Fingerprint(const UpstreamTls& tls) const {
  std::string fingerprint;
  // A changed row is another object: connections made with the old one must not be used any more.
  if (!tls.client_certificate.empty()) {
    const Row row = FindRow(state_->snapshot->certificates, tls.client_certificate);
    fingerprint += fmt::format("{}", static_cast<const void*>(row.get()));
  }
  if (!tls.ca_certificates.empty() && state_->snapshot->ca_certificates)
    fingerprint += fmt::format("|{}", state_->snapshot->ca_certificates->version);
  return fingerprint;
}

void CertificateStore::SetSession(const std::string& key, SSL* ssl) {
  const auto found = state_->sessions.find(key);
  if (found != state_->sessions.end()) SSL_set_session(ssl, found->second.get());
}

void CertificateStore::SaveSession(const std::string& key, SSL* ssl) {
  SSL_SESSION* session = SSL_get1_session(ssl);
  if (session == nullptr) return;
  if (state_->sessions.size() >= kMostSessions) state_->sessions.clear();
  state_->sessions[key].reset(session);
}

std::string TlsSessionKey(const CertificateStore& certificates, const balancer::Address& address,
                          std::string_view name, const UpstreamTls& tls) {
  std::string key(reinterpret_cast<const char*>(&address.socket), address.length);
  key += name;
  key += '|' + tls.client_certificate + '|' + (tls.verify ? 'v' : '-') +
         std::to_string(tls.verify_depth) + '|' + Join(tls.ca_certificates, ",") + '|' +
         certificates.Fingerprint(tls);
  return key;
}

void ServeCertificates(SSL_CTX* context) {
  SSL_CTX_set_cert_cb(
      context,
      [](SSL* connection, void*) {
        GuardVoid(ngx_cycle->log, "certificate",
                  [&] { ThisGateway().certificates().Present(connection); });
        return 1;
      },
      nullptr);
}

ngx_int_t AddCertificateCallbacks(ngx_conf_t* cf) {
  auto* core = static_cast<ngx_http_core_main_conf_t*>(
      ngx_http_conf_get_module_main_conf(cf, ngx_http_core_module));
  auto** servers = static_cast<ngx_http_core_srv_conf_t**>(core->servers.elts);
  for (ngx_uint_t i = 0; i < core->servers.nelts; ++i) {
    void** conf = servers[i]->ctx->srv_conf;
    const auto* ours = static_cast<ServerConf*>(conf[ngx_http_silverback_module.ctx_index]);
    auto* ssl = static_cast<ngx_http_ssl_srv_conf_t*>(conf[ngx_http_ssl_module.ctx_index]);
    if (ours->certificate != 1 || ssl == nullptr || ssl->ssl.ctx == nullptr) continue;
    ServeCertificates(ssl->ssl.ctx);
  }
  return NGX_OK;
}

}  // namespace silverback::nginx
