#include "schema/private_key.h"

#include <openssl/decoder.h>
#include <openssl/err.h>

namespace silverback::schema {
namespace {

struct FreeDecoder {
  void operator()(OSSL_DECODER_CTX* decoder) const { OSSL_DECODER_CTX_free(decoder); }
};

// Finding the decoders for a key takes OpenSSL ten times as long as decoding it: one for each
// thread is kept.
class KeyDecoder {
 public:
  KeyDecoder()
      : decoder_(OSSL_DECODER_CTX_new_for_pkey(&key_, "PEM", nullptr, nullptr, EVP_PKEY_KEYPAIR,
                                               nullptr, nullptr)) {}
  KeyDecoder(const KeyDecoder&) = delete;
  KeyDecoder& operator=(const KeyDecoder&) = delete;

  PrivateKey Decode(std::string_view pem) {
    key_ = nullptr;
    const auto* data = reinterpret_cast<const unsigned char*>(pem.data());
    size_t size = pem.size();
    if (decoder_) OSSL_DECODER_from_data(decoder_.get(), &data, &size);
    ERR_clear_error();
    return PrivateKey(key_);
  }

 private:
  EVP_PKEY* key_ = nullptr;  // where the decoder puts it
  std::unique_ptr<OSSL_DECODER_CTX, FreeDecoder> decoder_;
};

}  // namespace

PrivateKey DecodePrivateKey(std::string_view pem) {
  static thread_local KeyDecoder decoder;
  return decoder.Decode(pem);
}

}  // namespace silverback::schema
