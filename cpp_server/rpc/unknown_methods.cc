#include "cpp_server/rpc/unknown_methods.h"

#include <memory>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "cpp_server/utf8/utf8.h"

namespace trilho {
namespace {

// A path is whatever a client writes, and this is sent back in a header.
constexpr size_t kMostOfName = 200;

class Refusal final : public grpc::ServerGenericBidiReactor {
 public:
  explicit Refusal(const std::string& message) { Finish(grpc::Status(grpc::StatusCode::UNIMPLEMENTED, message)); }
  // gRPC gives a reactor back by calling this, once.
  void OnDone() override { const std::unique_ptr<Refusal> owned(this); }
};

}  // namespace

UnknownMethods::UnknownMethods(const std::vector<ServiceDefinition>& services, absl::string_view hint) : hint_(hint) {
  for (const ServiceDefinition& service : services) {
    methods_[service.name] = absl::StrJoin(
        service.methods, ", ", [](std::string* out, const UnaryMethod& method) { absl::StrAppend(out, method.name); });
  }
}

std::string UnknownMethods::Explain(absl::string_view path) const {
  absl::ConsumePrefix(&path, "/");
  const size_t slash = path.rfind('/');
  const absl::string_view service = path.substr(0, slash);
  const absl::string_view method = slash == absl::string_view::npos ? absl::string_view() : path.substr(slash + 1);
  const auto known = methods_.find(service);
  if (known != methods_.end()) {
    return absl::StrCat("the service ", known->first, " has no method \"", ValidUtf8(method, kMostOfName),
                        "\"; its methods are: ", known->second);
  }
  const std::string names =
      absl::StrJoin(methods_, ", ", [](std::string* out, const auto& entry) { absl::StrAppend(out, entry.first); });
  return absl::StrCat("the server has no service \"", ValidUtf8(service, kMostOfName), "\"; its services are: ", names,
                      hint_.empty() ? "" : "; ", hint_);
}

grpc::ServerGenericBidiReactor* UnknownMethods::CreateReactor(grpc::GenericCallbackServerContext* context) {
  return std::make_unique<Refusal>(Explain(context->method())).release();
}

}  // namespace trilho
