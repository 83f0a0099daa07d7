#include "plugins/bot_detection/known_bots.h"

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "plugins/pattern/pattern.h"

namespace silverback::plugins {
namespace {

// Anywhere in the header: a version after them makes no difference.
constexpr std::string_view kAnywhere[] = {"Google-HTTP-Java-Client",
                                          "Apache-HttpClient",
                                          "Go-http-client",
                                          "scalaj-http",
                                          "http%20client",
                                          "Python-urllib",
                                          "HttpMonitor",
                                          "TLSProber",
                                          "WinHTTP",
                                          "JNLP",
                                          "okhttp",
                                          "aihttp",
                                          "reqwest",
                                          "axios",
                                          "unirest-(?:java|python|ruby|nodejs|php|net)",
                                          "Bloglovin",
                                          "BUbiNG",
                                          "Catchpoint",
                                          "Feedbin",
                                          "masscan",
                                          "Mtps Feed Aggregation System",
                                          "OgScrper",
                                          "Qwantify",
                                          "Slack-ImgProxy",
                                          "Stringer",
                                          "Tiny Tiny RSS",
                                          "WhatsApp",
                                          R"(1470\.net crawler)",
                                          R"(50\.nu)",
                                          "8bo Crawler Bot",
                                          "Aboundex",
                                          "Accoona-[A-z]+-Agent",
                                          "AdsBot-Google(?:-[a-z]+)?",
                                          "altavista",
                                          "AppEngine-Google",
                                          R"(archive.*?\.org_bot)",
                                          "archiver",
                                          "Ask Jeeves",
                                          "[Bb]ai[Dd]u[Ss]pider(?:-[A-Za-z]+)*",
                                          "bingbot",
                                          "BingPreview",
                                          "blitzbot",
                                          "BlogBridge",
                                          "BoardReader(?: [A-Za-z]+)*",
                                          "boitho.com-dc",
                                          "BotSeer",
                                          R"(\b\w*favicon\w*\b)",
                                          R"(\bYeti(?:-[a-z]+)?)",
                                          "Catchpoint bot",
                                          "[Cc]harlotte",
                                          "Checklinks",
                                          "clumboot",
                                          R"(Comodo HTTP\(S\) Crawler)",
                                          "Comodo-Webinspector-Crawler",
                                          "ConveraCrawler",
                                          "CRAWL-E",
                                          "CrawlConvera",
                                          "Daumoa(?:-feedfetcher)?",
                                          "Feed Seeker Bot",
                                          "findlinks",
                                          "Flamingo_SearchEngine",
                                          "FollowSite Bot",
                                          "furlbot",
                                          "Genieo",
                                          "gigabot",
                                          "GomezAgent",
                                          "gonzo1",
                                          "(?:[a-zA-Z]+-)?Googlebot(?:-[a-zA-Z]+)?",
                                          "Google SketchUp",
                                          "grub-client",
                                          "gsa-crawler",
                                          "heritrix",
                                          "HiddenMarket",
                                          "holmes",
                                          "HooWWWer",
                                          "htdig",
                                          "ia_archiver",
                                          "ICC-Crawler",
                                          "Icarus6j",
                                          "ichiro(?:/mobile)?",
                                          "IconSurf",
                                          "IlTrovatore(?:-Setaccio)?",
                                          "InfuzApp",
                                          "Innovazion Crawler",
                                          "InternetArchive",
                                          "IP2[a-z]+Bot",
                                          R"(jbot\b)",
                                          "KaloogaBot",
                                          "Kraken",
                                          "Kurzor",
                                          "larbin",
                                          "LEIA",
                                          "LesnikBot",
                                          "Linguee Bot",
                                          "LinkAider",
                                          "LinkedInBot",
                                          "Lite Bot",
                                          "Llaut",
                                          "lycos",
                                          R"(Mail\.RU_Bot)",
                                          "masidani_bot",
                                          "Mediapartners-Google",
                                          "Microsoft .*? Bot",
                                          "mogimogi",
                                          "mozDex",
                                          "MJ12bot",
                                          "msnbot(?:-media *)?",
                                          "msrbot",
                                          "netresearch",
                                          "Netvibes",
                                          "NewsGator[^/]*",
                                          "^NING",
                                          "Nutch[^/]*",
                                          "Nymesis",
                                          "ObjectsSearch",
                                          "Orbiter",
                                          "OOZBOT",
                                          "PagePeeker",
                                          "PagesInventory",
                                          "PaxleFramework",
                                          "Peeplo Screenshot Bot",
                                          "PlantyNet_WebRobot",
                                          "Pompos",
                                          "Read%20Later",
                                          "Reaper",
                                          "RedCarpet",
                                          "Retreiver",
                                          "Riddler",
                                          "Rival IQ",
                                          "scooter",
                                          "Scrapy",
                                          "Scrubby",
                                          "searchsight",
                                          "seekbot",
                                          "semanticdiscovery",
                                          "Simpy",
                                          "SimplePie",
                                          "SEOstats",
                                          "SimpleRSS",
                                          "SiteCon",
                                          "Slurp",
                                          "snappy",
                                          "Speedy Spider",
                                          "Squrl Java",
                                          "TheUsefulbot",
                                          "ThumbShotsBot",
                                          R"(Thumbshots\.ru)",
                                          "TwitterBot",
                                          "URL2PNG",
                                          "Vagabondo",
                                          "VoilaBot",
                                          "^vortex",
                                          "Votay bot",
                                          "^voyager",
                                          "WASALive.Bot",
                                          "Web-sniffer",
                                          "WebThumb",
                                          "WeSEE:[A-z]+",
                                          "WhatWeb",
                                          "WIRE",
                                          "WordPress",
                                          "Wotbox",
                                          R"(www\.almaden\.ibm\.com)",
                                          "Xenu(?:.s)? Link Sleuth",
                                          "Xerka [A-z]+Bot",
                                          "yacy(?:bot)?",
                                          "Yahoo[a-z]*Seeker",
                                          "Yahoo! Slurp",
                                          R"(Yandex\w+)",
                                          "YodaoBot(?:-[A-z]+)?",
                                          "YottaaMonitor",
                                          "Yowedo",
                                          "^Zao",
                                          "^Zao-Crawler",
                                          R"(ZeBot_www\.ze\.bz)",
                                          "ZooShot",
                                          "ZyBorg"};

// After a slash and before a version.
constexpr std::string_view kAfterSlash[] = {"(?:Ant-)?Nutch", "[A-z]+[Bb]ot", "[A-z]+[Ss]pider",
                                            "Axtaris",        "fetchurl",     "Isara",
                                            "ShopSalad",      "Tailsweep"};

// Before a slash and a version.
constexpr std::string_view kBeforeVersion[] = {
    "008",          "Altresium",      "Argus",       "BaiduMobaider", "BoardReader",
    "DNSGroup",     "DataparkSearch", "EDI",         "Goodzer",       "Grub",
    "INGRID",       "Infohelfer",     "LinkedInBot", "LOOQ",          "Nutch",
    "PathDefender", "Peew",           "PostPost",    "Steeler",       "Twitterbot",
    "VSE",          "WebCrunch",      "WebZIP",      "Y!J-BR[A-Z]",   "YahooSeeker",
    "envolk",       "sproose",        "wminer"};

// What else gives a crawler away.
constexpr std::string_view kOthers[] = {
    R"(Pingdom.com_bot_version_\d+\.\d)", R"(facebookexternalhit/\d+\.\d)",
    // Testers of web pages, and clients of Amazon's storage.
    R"(PTST/\d+(?:\.\d+)?$)",
    R"(\b(?:Boto3?|JetS3t|aws-(?:cli|sdk-(?:cpp|go|java|nodejs|ruby2?|dotnet-(?:\d{1,2}|core)))|s3fs)/\d+\.\d)",
    R"(Google.*/\+/web/snippet)", R"(MSIE \d+\.\d+([a-z]\d?)?;.* MSIECrawler)",
    // A name that ends so, and its version.
    R"(([Aa]rchiver|[Ii]ndexer|[Ss]craper|[Bb]ot|[Ss]pider|[Cc]rawl[a-z]*)[/ ]\d)",
    // A part of any word; "Cubot" is a maker of phones.
    R"([Ss][Pp][Ii][Dd][Ee][Rr]|[Ss]crape|[^C][^Uu][Bb]ot|[Cc][Rr][Aa][Ww][Ll])"};

std::string OneOf(std::span<const std::string_view> names) {
  std::string text = "(?:";
  for (const std::string_view name : names) {
    if (text.size() > 3) text += '|';
    text += name;
  }
  return text + ')';
}

std::vector<std::unique_ptr<const Pattern>> Compile() {
  std::vector<std::unique_ptr<const Pattern>> patterns;
  patterns.push_back(Pattern::Compile(OneOf(kAnywhere)));
  patterns.push_back(Pattern::Compile("/" + OneOf(kAfterSlash) + R"([ \-]\d)"));
  patterns.push_back(Pattern::Compile(R"(\b)" + OneOf(kBeforeVersion) + R"(/\d)"));
  patterns.push_back(Pattern::Compile(OneOf(kOthers)));
  return patterns;
}

}  // namespace

bool IsKnownBot(std::string_view user_agent) {
  static const auto patterns = Compile();
  for (const auto& pattern : patterns) {
    if (pattern->FoundIn(user_agent)) return true;
  }
  return false;
}

}  // namespace silverback::plugins
