#include "http_server.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>
#include <string_view>
#include <thread>

#include "http/header.h"
#include "util/string_util.h"

namespace silverback::test {
namespace {

// Reads a connection; gives pieces of its stream.
class Reader {
 public:
  explicit Reader(int fd) : fd_(fd) {}

  bool ReadUntil(std::string_view end, std::string& out) {
    size_t at;
    while ((at = buffer_.find(end)) == std::string::npos) {
      if (!Fill()) return false;
    }
    out = buffer_.substr(0, at);
    buffer_.erase(0, at + end.size());
    return true;
  }

  bool ReadExactly(size_t count, std::string& out) {
    while (buffer_.size() < count) {
      if (!Fill()) return false;
    }
    out += buffer_.substr(0, count);
    buffer_.erase(0, count);
    return true;
  }

 private:
  bool Fill() {
    char chunk[65536];
    const ssize_t got = read(fd_, chunk, sizeof(chunk));
    if (got <= 0) return false;
    buffer_.append(chunk, static_cast<size_t>(got));
    return true;
  }

  int fd_;
  std::string buffer_;
};

bool ReadHead(Reader& reader, admin::Request& request) {
  std::string head;
  if (!reader.ReadUntil("\r\n\r\n", head)) return false;
  bool first = true;
  for (std::string_view line : Split(head, '\n')) {
    line = Trim(line);
    if (first) {
      const auto parts = Split(line, ' ');
      if (parts.size() < 2) return false;
      request.method = std::string(parts[0]);
      request.target = std::string(parts[1]);
      first = false;
    } else if (const size_t colon = line.find(':'); colon != std::string_view::npos) {
      request.headers.emplace_back(line.substr(0, colon), Trim(line.substr(colon + 1)));
    }
  }
  return true;
}

bool ReadBody(Reader& reader, admin::Request& request) {
  if (const std::string* length = http::FindHeader(request.headers, "Content-Length")) {
    return reader.ReadExactly(std::strtoul(length->c_str(), nullptr, 10), request.body);
  }
  const std::string* encoding = http::FindHeader(request.headers, "Transfer-Encoding");
  if (encoding == nullptr) return true;
  std::string line;
  while (reader.ReadUntil("\r\n", line)) {
    const size_t size = std::strtoul(line.c_str(), nullptr, 16);
    if (!reader.ReadExactly(size, request.body) || !reader.ReadUntil("\r\n", line)) return false;
    if (size == 0) return true;
  }
  return false;
}

bool Write(int fd, const admin::Request& request, const admin::Response& response) {
  std::string out = "HTTP/1.1 " + std::to_string(response.status) + " X\r\n";
  for (const auto& [name, value] : response.headers) out += name + ": " + value + "\r\n";
  if (response.status != 204 && response.status != 304) {
    out += "Content-Length: " + std::to_string(response.body.size()) + "\r\n";
  }
  out += "\r\n";
  if (request.method != "HEAD") out += response.body;
  for (size_t at = 0; at < out.size();) {
    const ssize_t sent = send(fd, out.data() + at, out.size() - at, MSG_NOSIGNAL);
    if (sent <= 0) return false;
    at += static_cast<size_t>(sent);
  }
  return true;
}

void Serve(int fd, const std::function<admin::Response(const admin::Request&)>& handle) {
  Reader reader(fd);
  while (true) {
    admin::Request request;
    if (!ReadHead(reader, request) || !ReadBody(reader, request)) break;
    if (!Write(fd, request, handle(request))) break;
    const std::string* connection = http::FindHeader(request.headers, "Connection");
    if (connection && EqualsIgnoreCase(*connection, "close")) break;
  }
  close(fd);
}

}  // namespace

bool ServeHttp(int port, const std::function<admin::Response(const admin::Request&)>& handle) {
  const int listener = socket(AF_INET, SOCK_STREAM, 0);
  const int on = 1;
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const auto* generic = reinterpret_cast<const sockaddr*>(&address);
  if (bind(listener, generic, sizeof(address)) != 0 || listen(listener, 128) != 0) return false;
  while (true) {
    const int fd = accept(listener, nullptr, nullptr);
    if (fd >= 0) std::thread(Serve, fd, handle).detach();
  }
}

}  // namespace silverback::test
