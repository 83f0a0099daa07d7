#include "config/nginx_translation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/nginx_scanner.h"

namespace silverback::config {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

Translation Translate(std::string_view text) {
  auto translated = TranslateTemplate(text, {"/p/.kong_env", "128m"});
  EXPECT_TRUE(translated) << translated.error().message();
  return translated ? *translated : Translation();
}

// The text without blanks, for what only layout differs in.
std::string Tight(const std::string& text) {
  std::string tight;
  for (const char c : text) {
    if (c != ' ' && c != '\n') tight += c;
  }
  return tight;
}

TEST(NginxScanner, PartsMakeUpTheText) {
  for (const std::string_view text :
       {"a b;\nc { d \"x;}\" '${{' ${v}x; } # } ; {\n", "x_by_lua_block { a = '}' --[[ } ]] }",
        "x_by_lua_block { [==[ } ]==] { } } y;", "a {", "}", "a_by_lua_block { {", "a", "",
        "\"unfinished", "a ${b"}) {
    NginxScanner scanner(text);
    std::string again;
    while (const auto part = scanner.Next()) again += part->text;
    EXPECT_EQ(again, text);
  }
}

TEST(NginxTranslation, LeavesTemplatesThatIncludeOursAlone) {
  const std::string_view text =
      "worker_processes 1;\nevents { use epoll; }\nhttp {\n  include 'nginx-kong.conf';\n"
      "  server { listen 8888; location / { return 200 \"a;b{}\"; } }\n}\n";
  const Translation out = Translate(text);
  EXPECT_EQ(out.text, text);
  EXPECT_FALSE(out.has_lua);
  EXPECT_FALSE(out.has_stream);
  EXPECT_THAT(out.notes, IsEmpty());
}

TEST(NginxTranslation, KongsCallsBecomeDirectives) {
  const Translation out = Translate(R"(
http {
    lua_shared_dict kong 5m;
    lua_package_path './?.lua;;';
    init_by_lua_block {
        -- { comment
        Kong = require 'kong'
        Kong.init()
    }
    init_worker_by_lua_block { Kong.init_worker() }
    upstream kong_upstream {
        server 0.0.0.1;
        balancer_by_lua_block { Kong.balancer() }
        keepalive 60;
    }
    upstream own { server a.test; keepalive 5; }
    server {
        ssl_certificate_by_lua_block { Kong.ssl_certificate() }
        rewrite_by_lua_block { Kong.rewrite() }
        access_by_lua_block { Kong.access() }
        log_by_lua_block { Kong.log() }
        location / {
            proxy_pass $upstream_scheme://kong_upstream$upstream_uri;
        }
        location @grpc { grpc_pass grpc://kong_upstream; }
        location = /kong_error_handler {
            internal;
            access_by_lua_block {;}
            content_by_lua_block { Kong.handle_error() }
        }
    }
    server {
        location / { content_by_lua_block { Kong.serve_admin_api({ acao = "*" }) } }
    }
    server {
        location / { content_by_lua_block { Kong.status_content() } }
    }
}
)");
  EXPECT_EQ(Tight(out.text),
            "http{silverback_env_file/p/.kong_env;silverback_shared_memory128m;"
            "upstreamkong_upstream{server0.0.0.1;silverback_balancer;}"
            "upstreamown{servera.test;keepalive5;}"
            "server{silverback_certificateon;"
            "location/{proxy_pass$upstream_scheme://kong_upstream$upstream_uri;"
            "silverback_proxyon;}"
            "location@grpc{grpc_set_header:authority$upstream_host;grpc_set_headerHost'';"
            "grpc_passgrpc://kong_upstream;silverback_proxyon;}"
            "location=/kong_error_handler{internal;silverback_error_page;}}"
            "server{location/{silverback_admin;}}"
            "server{location/{silverback_status;}}}");
  EXPECT_FALSE(out.has_lua);
  EXPECT_THAT(out.notes, IsEmpty());
}

TEST(NginxTranslation, GrpcServersAreNamed) {
  const auto head = [](std::string_view inside) {
    return Tight(Translate("http{server{location/{" + std::string(inside) +
                           "grpc_pass grpc://kong_upstream;}}}")
                     .text);
  };
  EXPECT_THAT(head("grpc_set_header TE $upstream_te; grpc_set_header Host $upstream_host;"),
              HasSubstr("location/{grpc_set_header:authority$upstream_host;grpc_set_headerTE"));
  EXPECT_THAT(head("grpc_set_header :authority a.test;"), Not(HasSubstr("$upstream_host")));
  // Headers of its own would keep the location from those of the server.
  EXPECT_THAT(Tight(Translate("http{server{grpc_set_header A b;"
                              "location/{grpc_pass grpc://kong_upstream;}}}")
                        .text),
              Not(HasSubstr(":authority")));
}

TEST(NginxTranslation, OldSpellingsCountToo) {
  const Translation out = Translate(
      "http { init_by_lua 'kong = require \"kong\" kong.init()';\n"
      "init_worker_by_lua_block { pcall(require, \"luarocks.loader\") require('resty.core')\n"
      "local kong = require('kong') kong.init_worker() }\n"
      "server { access_by_lua \"kong.access()\"; location / { proxy_pass http://kong_upstream; } "
      "} }");
  EXPECT_EQ(Tight(out.text),
            "http{silverback_env_file/p/.kong_env;silverback_shared_memory128m;"
            "server{location/{proxy_passhttp://kong_upstream;silverback_proxyon;}}}");
  EXPECT_THAT(out.notes, IsEmpty());
}

TEST(NginxTranslation, StreamServersServe) {
  const Translation out = Translate(
      "stream { init_by_lua_block { Kong = require 'kong'\n Kong.init() }\n"
      "server { preread_by_lua_block { Kong.preread() } proxy_pass kong_upstream; } }");
  EXPECT_TRUE(out.has_stream);
  EXPECT_THAT(out.text, HasSubstr("proxy_pass kong_upstream; silverback_proxy on;"));
}

TEST(NginxTranslation, OwnLuaCodeStays) {
  const Translation out = Translate(
      "http { lua_shared_dict mine 1m; server { location / {\n"
      "content_by_lua_block { kong.log('x') ngx.say('}') }\n} } }");
  EXPECT_TRUE(out.has_lua);
  EXPECT_THAT(out.text, HasSubstr("lua_shared_dict mine 1m;"));
  EXPECT_THAT(out.text, HasSubstr("content_by_lua_block { kong.log('x') ngx.say('}') }"));
}

TEST(NginxTranslation, SaysWhatIsNotRun) {
  const Translation out =
      Translate("http { server {\n access_by_lua_block { Kong.access()\n ngx.header.a = 1 }\n} }");
  EXPECT_THAT(out.notes, ElementsAre("nginx template, line 2: the Lua code beside the call of Kong "
                                     "in access_by_lua_block is not run"));
  const auto unknown = TranslateTemplate(
      "http {\n\nserver { content_by_lua_block { Kong.serve_something() } } }", {"e", "1m"});
  ASSERT_FALSE(unknown);
  EXPECT_EQ(unknown.error().message(),
            "nginx template, line 3: Kong.serve_something() has no counterpart here");
}

TEST(NginxTranslation, OurOwnDirectivesAreNotDoubled) {
  const Translation out = Translate(
      "http { silverback_env_file x; init_by_lua_block { Kong.init() } location / { "
      "silverback_proxy on; proxy_pass http://kong_upstream; } }");
  EXPECT_THAT(out.text, Not(HasSubstr("/p/.kong_env")));
  EXPECT_EQ(out.text.find("silverback_proxy on;"), out.text.rfind("silverback_proxy on;"));
}

}  // namespace
}  // namespace silverback::config
