#include "util/error.h"

#include <nlohmann/json.hpp>

namespace silverback {

const char* ErrorName(ErrorCode code) {
  switch (code) {
    case ErrorCode::kInvalidPrimaryKey:
      return "invalid primary key";
    case ErrorCode::kSchemaViolation:
      return "schema violation";
    case ErrorCode::kPrimaryKeyViolation:
      return "primary key violation";
    case ErrorCode::kForeignKeyViolation:
      return "foreign key violation";
    case ErrorCode::kUniqueViolation:
      return "unique constraint violation";
    case ErrorCode::kNotFound:
      return "not found";
    case ErrorCode::kInvalidOffset:
      return "invalid offset";
    case ErrorCode::kDatabaseError:
      return "database error";
    case ErrorCode::kInvalidSize:
      return "invalid size";
    case ErrorCode::kInvalidUnique:
      return "invalid unique";
    case ErrorCode::kInvalidOptions:
      return "invalid options";
    case ErrorCode::kOperationUnsupported:
      return "operation unsupported";
    case ErrorCode::kForeignKeysUnresolved:
      return "foreign keys unresolved";
    case ErrorCode::kDeclarativeConfig:
      return "invalid declarative configuration";
    case ErrorCode::kTransformationError:
      return "transformation error";
    case ErrorCode::kInvalidForeignKey:
      return "invalid foreign key";
    case ErrorCode::kInvalidWorkspace:
      return "invalid workspace";
    case ErrorCode::kInvalidUniqueGlobal:
      return "invalid global query";
    case ErrorCode::kReferencedByOthers:
      return "referenced by others";
    case ErrorCode::kInvalidInput:
      return "invalid input";
    case ErrorCode::kIo:
      return "input/output error";
    case ErrorCode::kUnavailable:
      return "unavailable";
    case ErrorCode::kInternal:
      return "internal error";
  }
  return "unknown error";
}

Error::Error(ErrorCode code, std::string message) : code_(code), message_(std::move(message)) {}
Error::Error(ErrorCode code, std::string message, nlohmann::json fields)
    : code_(code),
      message_(std::move(message)),
      fields_(std::make_unique<nlohmann::json>(std::move(fields))) {}
Error::Error(const Error& other)
    : code_(other.code_),
      message_(other.message_),
      fields_(other.fields_ ? std::make_unique<nlohmann::json>(*other.fields_) : nullptr) {}
Error::Error(Error&&) noexcept = default;
Error& Error::operator=(const Error& other) { return *this = Error(other); }
Error& Error::operator=(Error&&) noexcept = default;
Error::~Error() = default;

const nlohmann::json& Error::fields() const {
  static const nlohmann::json kNone = nlohmann::json::object();
  return fields_ ? *fields_ : kNone;
}

}  // namespace silverback
