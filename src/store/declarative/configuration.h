// Configuration: what a declarative document says, as rows by kind of entity.
//
// Nested entities become rows of their own that refer to their parents; references by name become
// references by id; rows without an id get one that their kind and key determine (the same as
// Kong's), so that every node and every load agrees. Documents of the formats 1.1 and 2.1 mean the
// same. Pure functions; any thread.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "entity/catalog.h"
#include "util/json.h"
#include "util/result.h"

namespace silverback::store::declarative {

struct Configuration {
  struct Kind {
    const schema::Schema* schema;
    // As schema::Schema::CheckDeclarative gives them, foreign keys resolved; "ttl" in seconds from
    // now; each id once, later ones have replaced earlier ones. In the document's order.
    std::vector<Json> rows;
    // Beside each row: which of its times the document does not give, so that they are this load's.
    std::vector<uint8_t> made_up;
  };
  static constexpr uint8_t kCreatedAt = 1, kUpdatedAt = 2;
  std::vector<Kind> kinds;  // what others refer to comes first; only kinds with rows
  std::string format_version;
  bool transform = true;  // false: secrets in the document are hashed already
  std::string hash;       // MD5 of the text it came from

  size_t size() const;  // rows
};

// Checks `document` and takes it apart. Error: kDeclarativeConfig with what is wrong by place
// ({"services": [null, {"host": "required field missing"}]}), "declarative config is invalid: ..."
// as its message. `hash` "" makes one from the content.
Result<Configuration> Flatten(const entity::Catalog& catalog, Json document, std::string hash = "");

// The fields of a kDeclarativeConfig error as lines for people: "in 'services':\n  - in entry 1 of
// 'services': ...".
std::string DescribeErrors(const Json& fields);

}  // namespace silverback::store::declarative
