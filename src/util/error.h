// Error: what went wrong, in the closed list of codes that the Admin API and the command line
// report (Kong 2.8's DAO errors).
#pragma once

#include <memory>
#include <string>

#include <nlohmann/json_fwd.hpp>

namespace silverback {

// The numbers are part of the Admin API's answers ("code").
enum class ErrorCode : int {
  kInvalidPrimaryKey = 1,
  kSchemaViolation = 2,
  kPrimaryKeyViolation = 3,
  kForeignKeyViolation = 4,
  kUniqueViolation = 5,
  kNotFound = 6,
  kInvalidOffset = 7,
  kDatabaseError = 8,
  kInvalidSize = 9,
  kInvalidUnique = 10,
  kInvalidOptions = 11,
  kOperationUnsupported = 12,
  kForeignKeysUnresolved = 13,
  kDeclarativeConfig = 14,
  kTransformationError = 15,
  kInvalidForeignKey = 16,
  kInvalidWorkspace = 17,
  kInvalidUniqueGlobal = 18,
  kReferencedByOthers = 19,
  // Ours, never shown with a code: bad arguments outside the DAO, I/O, and faults of our own.
  kInvalidInput = 100,
  kIo = 101,
  kUnavailable =
      102,  // a store, peer or file that may answer again later: trying again makes sense
  kInternal = 103,
};

// The code's name in Kong's words ("schema violation").
const char* ErrorName(ErrorCode code);

class Error {
 public:
  Error(ErrorCode code, std::string message);
  Error(ErrorCode code, std::string message, nlohmann::json fields);
  Error(const Error&);
  Error(Error&&) noexcept;
  Error& operator=(const Error&);
  Error& operator=(Error&&) noexcept;
  ~Error();

  ErrorCode code() const { return code_; }
  const std::string& message() const {
    return message_;
  }                                      // one line for people, without the strategy prefix
  const nlohmann::json& fields() const;  // {} or what is wrong by field, as the Admin API prints it

 private:
  ErrorCode code_;
  std::string message_;
  std::unique_ptr<nlohmann::json> fields_;
};

}  // namespace silverback
