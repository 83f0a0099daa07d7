// OpenSSL's objects as values with an owner, for the files of this folder.
#pragma once

#include <openssl/bio.h>

#include <memory>
#include <string>
#include <string_view>

#include "util/result.h"

namespace silverback::plugins::acme {

template <auto kFree>
struct Freer {
  template <class T>
  void operator()(T* object) const {
    kFree(object);
  }
};
template <class T, auto kFree>
using Owned = std::unique_ptr<T, Freer<kFree>>;
using BioPtr = Owned<BIO, BIO_free>;

// What was written into a BIO of memory.
std::string TextOf(BIO* memory);
BioPtr Reader(std::string_view text);  // `text` outlives it
// `what`, and OpenSSL's reason; leaves its queue empty.
Error OpensslError(std::string_view what);

}  // namespace silverback::plugins::acme
