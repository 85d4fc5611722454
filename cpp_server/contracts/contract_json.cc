#include "cpp_server/contracts/contract_json.h"

#include <memory>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/util/json_util.h"
#include "google/protobuf/util/type_resolver.h"
#include "google/protobuf/util/type_resolver_util.h"

namespace trilho {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::util::TypeResolver;

// Any prefix will do, as long as both ends of a call name the same.
constexpr char kTypeUrlPrefix[] = "type.googleapis.com";

std::unique_ptr<TypeResolver> ResolverOf(const Descriptor& type) {
  return std::unique_ptr<TypeResolver>(
      google::protobuf::util::NewTypeResolverForDescriptorPool(kTypeUrlPrefix, type.file()->pool()));
}

std::string UrlOf(const Descriptor& type) { return absl::StrCat(kTypeUrlPrefix, "/", type.full_name()); }

std::string MessageOf(const google::protobuf::util::Status& status) {
  return {status.message().data(), status.message().size()};
}

}  // namespace

absl::StatusOr<std::string> ReadMessageJson(const Descriptor& type, absl::string_view json) {
  std::string bytes;
  const auto status = google::protobuf::util::JsonToBinaryString(ResolverOf(type).get(), UrlOf(type),
                                                                 {json.data(), json.size()}, &bytes);
  if (status.ok()) return bytes;
  return absl::InvalidArgumentError(absl::StrCat("the body is no ", type.full_name(), ": ", MessageOf(status)));
}

absl::StatusOr<std::string> WriteMessageJson(const Descriptor& type, const std::string& bytes) {
  google::protobuf::util::JsonPrintOptions options;
  options.always_print_primitive_fields = true;
  std::string json;
  const auto status =
      google::protobuf::util::BinaryToJsonString(ResolverOf(type).get(), UrlOf(type), bytes, &json, options);
  if (status.ok()) return json;
  return absl::InternalError(absl::StrCat("the answer is no ", type.full_name(), ": ", MessageOf(status)));
}

}  // namespace trilho
