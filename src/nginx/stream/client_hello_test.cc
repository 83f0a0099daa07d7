#include "nginx/stream/client_hello.h"

#include <gtest/gtest.h>

namespace silverback::nginx {
namespace {

// The bytes that OpenSSL's client says first.
std::string Hello(const char* server_name) {
  SSL_CTX* context = SSL_CTX_new(TLS_client_method());
  SSL* connection = SSL_new(context);
  BIO* out = BIO_new(BIO_s_mem());
  SSL_set_bio(connection, BIO_new(BIO_s_mem()), out);
  if (server_name != nullptr) SSL_set_tlsext_host_name(connection, server_name);
  SSL_connect(connection);
  char* data = nullptr;
  const long size = BIO_get_mem_data(out, &data);
  std::string bytes(data, static_cast<size_t>(size));
  SSL_free(connection);
  SSL_CTX_free(context);
  return bytes;
}

using Outcome = ClientHelloReader::Outcome;

TEST(ClientHelloTest, FindsTheServerName) {
  ClientHelloReader reader;
  std::string name = "left over";
  EXPECT_EQ(reader.Read(Hello("a.test"), name), Outcome::kComplete);
  EXPECT_EQ(name, "a.test");
  EXPECT_EQ(reader.Read(Hello(nullptr), name), Outcome::kComplete);
  EXPECT_EQ(name, "");
}

TEST(ClientHelloTest, WaitsForTheRestWhereverItIsCut) {
  ClientHelloReader reader;
  const std::string hello = Hello("some.where.test");
  std::string name;
  for (size_t cut = 0; cut < hello.size(); ++cut) {
    ASSERT_EQ(reader.Read(hello.substr(0, cut), name), Outcome::kIncomplete) << cut;
    ASSERT_EQ(name, "");
  }
  EXPECT_EQ(reader.Read(hello + "more", name), Outcome::kComplete);
  EXPECT_EQ(name, "some.where.test");
}

TEST(ClientHelloTest, JoinsAHelloOfSeveralRecords) {
  const std::string hello = Hello("split.test");
  const auto record = [&](const std::string& body) {
    return hello.substr(0, 3) + static_cast<char>(body.size() >> 8) +
           static_cast<char>(body.size()) + body;
  };
  ClientHelloReader reader;
  std::string name;
  EXPECT_EQ(reader.Read(record(hello.substr(5, 40)), name), Outcome::kIncomplete);
  EXPECT_EQ(reader.Read(record(hello.substr(5, 40)) + record(hello.substr(45)), name),
            Outcome::kComplete);
  EXPECT_EQ(name, "split.test");
}

TEST(ClientHelloTest, TellsOtherProtocolsApart) {
  ClientHelloReader reader;
  std::string name;
  EXPECT_EQ(reader.Read("GET / HTTP/1.1\r\nHost: a.test\r\n\r\n", name), Outcome::kNotTls);
  EXPECT_EQ(reader.Read(std::string(64, '\0'), name), Outcome::kNotTls);
  EXPECT_EQ(reader.Read(Hello("a.test"), name), Outcome::kComplete);  // and is still of use
}

}  // namespace
}  // namespace silverback::nginx
