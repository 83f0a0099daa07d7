// Signatures, signing requests, certificates and names.
#include <openssl/x509v3.h>

#include "plugins/acme/acme_fixture.h"
#include "plugins/acme/certificates.h"
#include "plugins/acme/domains.h"
#include "plugins/acme/jws.h"

namespace silverback::plugins::acme {
namespace {

TEST(AcmeJws, RequestsAreSignedByTheAccountsKey) {
  const auto key = *AccountKey::Read(AccountPem());
  const Json jws = *ParseJson(
      *SignRequest(*key, {"https://a.test/new", "n1", ""}, R"({"contact":["mailto:a"]})"));
  const Json header = Decoded(jws, "protected");
  EXPECT_EQ(header["alg"], "RS256");
  EXPECT_EQ(header["nonce"], "n1");
  EXPECT_EQ(header["url"], "https://a.test/new");
  EXPECT_EQ(header["jwk"], key->jwk());
  EXPECT_FALSE(header.contains("kid"));
  EXPECT_EQ(Decoded(jws, "payload")["contact"][0], "mailto:a");

  const schema::PrivateKey verifier = schema::DecodePrivateKey(AccountPem());
  const Owned<EVP_MD_CTX, EVP_MD_CTX_free> context(EVP_MD_CTX_new());
  const std::string text = StringMember(jws, "protected") + "." + StringMember(jws, "payload");
  const std::string signature = *Base64UrlDecode(StringMember(jws, "signature"));
  const auto bytes = [](const std::string& of) {
    return reinterpret_cast<const unsigned char*>(of.data());
  };
  ASSERT_EQ(EVP_DigestVerifyInit(context.get(), nullptr, EVP_sha256(), nullptr, verifier.get()), 1);
  EXPECT_EQ(
      EVP_DigestVerify(context.get(), bytes(signature), signature.size(), bytes(text), text.size()),
      1);
}

TEST(AcmeJws, KnownAccountsAreNamedAndReadingHasNoPayload) {
  const auto key = *AccountKey::Read(AccountPem());
  const Json jws = *ParseJson(*SignRequest(*key, {"u", "n", "https://a.test/account/1"}, ""));
  EXPECT_EQ(Decoded(jws, "protected")["kid"], "https://a.test/account/1");
  EXPECT_FALSE(Decoded(jws, "protected").contains("jwk"));
  EXPECT_EQ(jws["payload"], "");
}

TEST(AcmeJws, ExternalAccountsAreBoundByTheirSecret) {
  const auto key = *AccountKey::Read(AccountPem());
  const Json bound = *BindAccount(*key, "https://a.test/new", "kid-1", Base64UrlEncode("secret"));
  EXPECT_EQ(Decoded(bound, "protected"),
            (Json{{"alg", "HS256"}, {"kid", "kid-1"}, {"url", "https://a.test/new"}}));
  EXPECT_EQ(Decoded(bound, "payload"), key->jwk());
  const std::string text = StringMember(bound, "protected") + "." + StringMember(bound, "payload");
  EXPECT_EQ(bound["signature"], Base64UrlEncode(Hmac(HashKind::kSha256, "secret", text)));
  EXPECT_FALSE(BindAccount(*key, "u", "k", "*").ok());
}

TEST(AcmeJws, ThumbprintsAreThoseOfTheRfc) {
  // The members of the JWK in the order of their names, without blanks.
  const auto key = *AccountKey::Read(AccountPem());
  const std::string text = R"({"e":")" + StringMember(key->jwk(), "e") + R"(","kty":"RSA","n":")" +
                           StringMember(key->jwk(), "n") + R"("})";
  EXPECT_EQ(key->thumbprint(), Base64UrlEncode(Sha256(text)));
  EXPECT_EQ(key->jwk()["e"], "AQAB");
  EXPECT_FALSE(AccountKey::Read("nonsense").ok());
  EXPECT_FALSE(AccountKey::Read(*NewEcKey()).ok());
}

TEST(AcmeCertificates, SigningRequestsNameTheHost) {
  const std::string der = *SigningRequest(*NewEcKey(), "a.test");
  const BioPtr in = Reader(der);
  const Owned<X509_REQ, X509_REQ_free> request(d2i_X509_REQ_bio(in.get(), nullptr));
  ASSERT_TRUE(request);
  EXPECT_EQ(X509_REQ_verify(request.get(), X509_REQ_get0_pubkey(request.get())), 1);
  EXPECT_THAT(der, HasSubstr("a.test"));
  STACK_OF(X509_EXTENSION)* extensions = X509_REQ_get_extensions(request.get());
  EXPECT_EQ(sk_X509_EXTENSION_num(extensions), 1);
  sk_X509_EXTENSION_pop_free(extensions, X509_EXTENSION_free);
  EXPECT_FALSE(SigningRequest("nonsense", "a.test").ok());
  EXPECT_TRUE(SigningRequest(*NewEcKey(), std::string(200, 'a') + ".test").ok());
}

TEST(AcmeCertificates, FactsAreShown) {
  const std::string pem = MakeCertificate("a.test", "Middle", 1700000000);
  const auto facts = FactsOf(pem);
  ASSERT_TRUE(facts);
  EXPECT_EQ(facts->not_after, 1700000000);
  const Json shown = DescribeCertificate(*facts, 1650000000);
  EXPECT_EQ(shown["host"], "a.test");
  EXPECT_EQ(shown["issuer_cn"], "Middle");
  EXPECT_EQ(shown["serial_number"], "01:AB");
  EXPECT_EQ(shown["pubkey_type"], "id-ecPublicKey");
  EXPECT_EQ(StringMember(shown, "digest").size(), 20 * 3 - 1);
  EXPECT_EQ(shown["valid"], true);
  EXPECT_EQ(DescribeCertificate(*facts, 1700000001)["valid"], false);
  EXPECT_EQ(RootIssuer(pem + MakeCertificate("Middle", "Root", 1700000000)), "Root");
  EXPECT_EQ(RootIssuer("nothing"), "");
  EXPECT_FALSE(FactsOf("nothing"));
}

TEST(AcmeDomains, WildcardsStandForWhatIsBelow) {
  const Domains domains({"A.test", "*.w.test"});
  EXPECT_TRUE(domains.Has("a.test"));
  EXPECT_TRUE(domains.Has("x.w.test"));
  EXPECT_TRUE(domains.Has("x.y.w.test"));
  EXPECT_FALSE(domains.Has("w.test"));
  EXPECT_FALSE(domains.Has("xw.test"));
  EXPECT_FALSE(domains.Has("x.a.test"));
  EXPECT_FALSE(Domains({}).Has("a.test"));
  EXPECT_TRUE(IsHostName("a-b.test"));
  EXPECT_FALSE(IsHostName("a.test,DNS:b.test"));
  EXPECT_FALSE(IsHostName(""));
}

}  // namespace
}  // namespace silverback::plugins::acme
