#include "nginx/certificates.h"

#include <openssl/err.h>

#include <unordered_map>

#include "nginx/certificate_reader.h"
#include "util/string_util.h"

namespace silverback::nginx {
namespace {

using StorePtr = std::unique_ptr<X509_STORE, OpensslFree<X509_STORE_free>>;
using SessionPtr = std::unique_ptr<SSL_SESSION, OpensslFree<SSL_SESSION_free>>;
using Row = std::shared_ptr<const Json>;

constexpr size_t kMostSessions = 1000;
constexpr size_t kDecodedAtOnce = 100;  // by a thread, before the event loop takes them over

Row FindRow(const std::shared_ptr<const runtime::EntityTable>& table, std::string_view id) {
  if (!table) return nullptr;
  const auto found = table->rows.find(id);
  return found == table->rows.end() ? nullptr : found->second;
}

const DecodedCertificate& Decoded(const runtime::CertificateEntry& entry) {
  if (!entry.decoded) entry.decoded = DecodeCertificate(*entry.row);
  return *static_cast<const DecodedCertificate*>(entry.decoded.get());
}

// nginx has been given authorities by its configuration.
bool KnowsAuthorities(SSL* ssl) {
  const X509_STORE* store = SSL_CTX_get_cert_store(SSL_get_SSL_CTX(ssl));
  return store != nullptr && sk_X509_OBJECT_num(X509_STORE_get0_objects(store)) > 0;
}

// Decodes the new rows of a table on a thread, piece by piece.
class Decoding : public std::enable_shared_from_this<Decoding> {
 public:
  Decoding(std::shared_ptr<const runtime::CertificateTable> table, plugin::Background& background)
      : table_(std::move(table)), background_(background) {}

  void Continue() {
    if (next_ >= table_->added().size() || ngx_exiting || ngx_terminate) return;
    background_.Run([self = shared_from_this()] { self->DecodeSome(); },
                    [self = shared_from_this()] { self->TakeOver(); });
  }

 private:
  void DecodeSome() {
    const auto& rows = table_->added();
    decoded_.clear();
    for (size_t i = next_; i < rows.size() && decoded_.size() < kDecodedAtOnce; ++i)
      decoded_.push_back(DecodeCertificate(*rows[i]->row));
  }

  void TakeOver() {
    for (auto& decoded : decoded_) {
      const auto& entry = table_->added()[next_++];
      if (!entry->decoded) entry->decoded = std::move(decoded);
    }
    Continue();
  }

  std::shared_ptr<const runtime::CertificateTable> table_;
  plugin::Background& background_;
  size_t next_ = 0;
  std::vector<std::shared_ptr<const DecodedCertificate>> decoded_;
};

}  // namespace

struct CertificateStore::State {
  State(std::string bundle, plugin::Background& threads)
      : system_bundle(std::move(bundle)), background(threads) {}

  std::string system_bundle;
  plugin::Background& background;
  std::shared_ptr<const runtime::Snapshot> snapshot;
  struct Trust {
    std::string fingerprint;
    StorePtr store;
  };
  std::unordered_map<std::string, Trust> trusts;  // by the ids of the authorities
  std::unordered_map<std::string, SessionPtr> sessions;

  X509_STORE* TrustOf(const std::vector<std::string>& ids);
};

CertificateStore::CertificateStore(std::string system_bundle, plugin::Background& background)
    : state_(std::make_shared<State>(std::move(system_bundle), background)) {}
CertificateStore::~CertificateStore() = default;

void CertificateStore::Use(std::shared_ptr<const runtime::Snapshot> snapshot) {
  State& s = *state_;
  const bool changed = !s.snapshot || s.snapshot->certificates != snapshot->certificates;
  s.snapshot = std::move(snapshot);
  if (changed) std::make_shared<Decoding>(s.snapshot->certificates, s.background)->Continue();
}

bool CertificateStore::Present(SSL* ssl) {
  const runtime::CertificateTable& table = *state_->snapshot->certificates;
  const char* name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
  if (name == nullptr || !table.has_names()) return false;
  const runtime::CertificateEntry* entry = table.ForName(name);
  if (entry == nullptr) return false;
  const DecodedCertificate& decoded = Decoded(*entry);
  if (!decoded.main.ok()) return false;
  SSL_certs_clear(ssl);
  UseLeaf(ssl, decoded.main);
  UseLeaf(ssl, decoded.alternative);
  return true;
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
    const auto* entry = state_->snapshot->certificates->ById(tls.client_certificate);
    if (entry == nullptr || !UseLeaf(ssl, Decoded(*entry).main)) return false;
  }
  if (!tls.verify) return true;
  if (tls.verify_depth >= 0) SSL_set_verify_depth(ssl, tls.verify_depth);
  if (tls.ca_certificates.empty() && KnowsAuthorities(ssl)) return true;
  return SSL_set1_verify_cert_store(ssl, state_->TrustOf(tls.ca_certificates)) == 1;
}

std::string CertificateStore::Fingerprint(const UpstreamTls& tls) const {
  std::string fingerprint;
  // A changed row is another object: connections made with the old one must not be used any more.
  if (!tls.client_certificate.empty()) {
    const auto* entry = state_->snapshot->certificates->ById(tls.client_certificate);
    fingerprint += fmt::format("{}", static_cast<const void*>(entry));
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

}  // namespace silverback::nginx
