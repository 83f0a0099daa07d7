#include "nginx/handshake.h"

#include <openssl/err.h>
#include <openssl/pem.h>

#include "nginx/certificate_reader.h"
#include "nginx/certificates.h"
#include "nginx/conf.h"
#include "nginx/gateway.h"
#include "nginx/guard.h"
#include "plugin/handshake.h"

extern "C" {
#include <ngx_http_ssl_module.h>
}

namespace silverback::nginx {
namespace {

class ClientHandshake final : public plugin::Handshake {
 public:
  ClientHandshake(SSL* ssl, bool has_certificate) : ssl_(ssl), has_certificate_(has_certificate) {}

  std::string_view ServerName() const override {
    const char* name = SSL_get_servername(ssl_, TLSEXT_NAMETYPE_host_name);
    return name != nullptr ? std::string_view(name) : std::string_view();
  }

  bool HasCertificate() const override { return has_certificate_; }

  Status Present(std::string_view chain_pem, std::string_view key_pem) override {
    const Leaf leaf = ReadLeaf(chain_pem, key_pem);
    if (!leaf.ok()) return Error(ErrorCode::kInvalidInput, "certificate or key cannot be read");
    SSL_certs_clear(ssl_);
    if (!UseLeaf(ssl_, leaf)) return Error(ErrorCode::kInvalidInput, "certificate cannot be used");
    return Ok();
  }

  void RequestClientCertificate() override {
    // Whatever it sends, the handshake goes on.
    SSL_set_verify(ssl_, SSL_VERIFY_PEER, [](int, X509_STORE_CTX*) { return 1; });
  }

  void DisableSessionReuse() override {
    SSL_set_options(ssl_, SSL_OP_NO_TICKET);
    SSL_set_num_tickets(ssl_, 0);
  }

 private:
  SSL* ssl_;
  const bool has_certificate_;
};

void RunPlugins(const runtime::Snapshot& snapshot, Traffic traffic, SSL* ssl,
                bool has_certificate) {
  // Routes are not known yet: only plugins that apply everywhere take part.
  const auto& table = traffic == Traffic::kStream ? *snapshot.stream_plugins : *snapshot.plugins;
  for (const runtime::PluginPlan::Item& item : table.global().items) {
    const runtime::PluginSlot* slot = item.without_consumer;
    if (slot == nullptr || !slot->plugin || !(slot->phases() & plugin::kCertificate)) continue;
    ClientHandshake handshake(ssl, has_certificate);
    slot->plugin->OnCertificate(handshake);
  }
}

int OnCertificate(SSL* ssl, void* traffic) {
  GuardVoid(ngx_cycle->log, "certificate", [&] {
    Gateway& gateway = ThisGateway();
    const bool presented = gateway.certificates().Present(ssl);
    RunPlugins(*gateway.snapshot(), *static_cast<const Traffic*>(traffic), ssl, presented);
  });
  return 1;
}

}  // namespace

void ServeCertificates(SSL_CTX* context, Traffic traffic) {
  static Traffic http = Traffic::kHttp, stream = Traffic::kStream;
  SSL_CTX_set_cert_cb(context, &OnCertificate, traffic == Traffic::kHttp ? &http : &stream);
}

ngx_int_t AddCertificateCallbacks(ngx_conf_t* cf) {
  auto* core = static_cast<ngx_http_core_main_conf_t*>(
      ngx_http_conf_get_module_main_conf(cf, ngx_http_core_module));
  auto** servers = static_cast<ngx_http_core_srv_conf_t**>(core->servers.elts);
  for (ngx_uint_t i = 0; i < core->servers.nelts; ++i) {
    void** conf = servers[i]->ctx->srv_conf;
    const auto* ours = static_cast<ServerConf*>(conf[ngx_http_silverback_module.ctx_index]);
    auto* ssl = static_cast<ngx_http_ssl_srv_conf_t*>(conf[ngx_http_ssl_module.ctx_index]);
    if (ours->certificate == 1 && ssl != nullptr && ssl->ssl.ctx != nullptr)
      ServeCertificates(ssl->ssl.ctx, Traffic::kHttp);
  }
  return NGX_OK;
}

std::string ClientChain(SSL* ssl) {
  BIO* out = BIO_new(BIO_s_mem());
  if (out == nullptr) throw std::bad_alloc();
  if (X509* own = SSL_get0_peer_certificate(ssl)) {
    PEM_write_bio_X509(out, own);
    // On a server's side the list has the issuers only.
    const STACK_OF(X509)* chain = SSL_get_peer_cert_chain(ssl);
    for (int i = 0; i < sk_X509_num(chain); ++i) PEM_write_bio_X509(out, sk_X509_value(chain, i));
  }
  char* data = nullptr;
  const long size = BIO_get_mem_data(out, &data);
  std::string pem(data, static_cast<size_t>(size));
  BIO_free(out);
  return pem;
}

}  // namespace silverback::nginx
