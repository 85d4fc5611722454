#include "cpp_server/server/http_management.h"

#include <memory>
#include <new>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "cpp_server/admission/no_memory.h"
#include "cpp_server/advice/words.h"
#include "cpp_server/http/http_status.h"
#include "cpp_server/json/message_json.h"
#include "cpp_server/server/site_check.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/message.h"

namespace trilho {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::DescriptorPool;
using google::protobuf::Message;
using google::protobuf::MessageFactory;

constexpr char kPath[] = "/v1/management/";

bool IsJson(absl::string_view content_type) {
  const absl::string_view type = content_type.substr(0, content_type.find(';'));
  return absl::EqualsIgnoreCase(absl::StripAsciiWhitespace(type), "application/json");
}

std::unique_ptr<Message> NewMessage(const Descriptor* type) {
  return std::unique_ptr<Message>(MessageFactory::generated_factory()->GetPrototype(type)->New());
}

// Deletes itself with its answer, as every call is gone then.
class JsonCall final : public UnaryCall {
 public:
  // `method` outlives the call.
  JsonCall(std::shared_ptr<HttpCall> call, const UnaryMethod* method, std::string request, const Descriptor* response)
      : call_(std::move(call)), method_(method), request_(std::move(request)), response_(response) {}

  absl::string_view request() const override { return request_; }
  std::chrono::steady_clock::time_point arrived() const override { return call_->arrived(); }
  std::chrono::steady_clock::time_point deadline() const override { return call_->deadline(); }
  std::shared_ptr<const std::atomic<bool>> cancelled() const override { return call_->cancelled(); }
  absl::string_view metadata(absl::string_view key) const override { return call_->header(key); }
  std::string peer() const override { return call_->peer(); }

  void HandleAgain() override { method_->handler(this); }
  void Reply(std::string response) override {
    const std::unique_ptr<JsonCall> self(this);
    Send(OrNoMemory([&]() -> absl::StatusOr<std::string> {
      const std::unique_ptr<Message> message = NewMessage(response_);
      if (!message->ParseFromString(response)) {
        return absl::InternalError("the answer is not " + WithArticle(message->GetTypeName()));
      }
      return WriteMessage(*message);
    }));
  }

  void Fail(const absl::Status& status) override {
    const std::unique_ptr<JsonCall> self(this);
    Send(status);
  }

 private:
  void Send(absl::StatusOr<std::string> json) {
    try {
      if (!json.ok()) return call_->Reply(ErrorResponse(json.status()));
      HttpResponse answer;
      answer.body = *std::move(json);
      call_->Reply(std::move(answer));
      // NOLINTNEXTLINE(bugprone-empty-catch): the front answers by itself what is let go of without an answer
    } catch (const std::bad_alloc&) {
    }
  }

  const std::shared_ptr<HttpCall> call_;
  const UnaryMethod* const method_;
  const std::string request_;
  const Descriptor* const response_;
};

}  // namespace

std::vector<HttpRoute> HttpManagement::Routes() const {
  HttpEndpoint asked;
  asked.takes_body = true;
  asked.handle = [this](const std::shared_ptr<HttpCall>& call) { Handle(call); };
  HttpEndpoint refusal = NotAllowed(Plane::kControl, "POST");
  asked.admit = refusal.admit = [this](const HttpRequestHead& head) { return CheckSite(head, allowed_hosts_); };
  HttpRoute route;
  route.path = kPath;
  route.is_prefix = true;
  route.find = [asked = Share(std::move(asked)), refusal = Share(std::move(refusal))](const HttpRequestHead& head) {
    return head.method() == "POST" ? asked : refusal;
  };
  return {std::move(route)};
}

void HttpManagement::Handle(const std::shared_ptr<HttpCall>& call) const {
  // A page of another site can have a browser send a form or text without asking first, but not this.
  if (!call->body().empty() && !IsJson(call->header("Content-Type"))) {
    return call->Reply(ErrorResponse(415, absl::StrCat(call->path(), " takes Content-Type: application/json")));
  }
  const absl::string_view name = absl::StripPrefix(call->path(), kPath);
  const auto* const service = DescriptorPool::generated_pool()->FindServiceByName(service_.name);
  std::vector<std::string> names;
  for (const UnaryMethod& method : service_.methods) {
    names.push_back(method.name);
    if (method.name != name || service == nullptr) continue;
    const auto* const described = service->FindMethodByName(method.name);
    if (described == nullptr) continue;
    const std::unique_ptr<Message> request = NewMessage(described->input_type());
    const absl::Status read = ReadMessage(call->body(), request.get());
    if (!read.ok()) return call->Reply(ErrorResponse(read));
    method.handler(
        std::make_unique<JsonCall>(call, &method, request->SerializeAsString(), described->output_type()).release());
    return;
  }
  call->Reply(ErrorResponse(absl::NotFoundError(
      absl::StrCat("there is nothing at ", call->path(), "; the methods are ", absl::StrJoin(names, ", ")))));
}

}  // namespace trilho
