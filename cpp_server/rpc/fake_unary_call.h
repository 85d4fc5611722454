// A call without a network, for tests of services.

#ifndef TRILHO_CPP_SERVER_RPC_FAKE_UNARY_CALL_H_
#define TRILHO_CPP_SERVER_RPC_FAKE_UNARY_CALL_H_

#include <atomic>
#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "cpp_server/rpc/unary_call.h"
#include "gtest/gtest.h"

namespace trilho {

// Keeps its answer. Fails the test that answers it twice.
class FakeUnaryCall final : public UnaryCall {
 public:
  explicit FakeUnaryCall(std::string request) : request_(std::move(request)) {}

  void set_deadline(std::chrono::steady_clock::time_point deadline) { deadline_ = deadline; }

  void set_arrived(std::chrono::steady_clock::time_point arrived) { arrived_ = arrived; }
  void set_metadata(const std::string& key, std::string value) { metadata_[key] = std::move(value); }
  void Cancel() { *cancelled_ = true; }

  int answers() const { return answers_; }
  int begun_again() const { return begun_again_; }
  // The response's bytes, or the error.
  const absl::StatusOr<std::string>& answer() const { return answer_; }

  absl::string_view request() const override { return request_; }
  std::chrono::steady_clock::time_point arrived() const override { return arrived_; }
  std::chrono::steady_clock::time_point deadline() const override { return deadline_; }
  std::shared_ptr<const std::atomic<bool>> cancelled() const override { return cancelled_; }
  absl::string_view metadata(absl::string_view key) const override {
    const auto found = metadata_.find(std::string(key));
    return found == metadata_.end() ? absl::string_view() : absl::string_view(found->second);
  }
  std::string peer() const override { return "10.0.0.1:4711"; }
  void HandleAgain() override { ++begun_again_; }
  void Reply(std::string response) override { Answer(std::move(response)); }
  void Fail(const absl::Status& status) override {
    EXPECT_FALSE(status.ok());
    Answer(status);
  }

 private:
  void Answer(absl::StatusOr<std::string> answer) {
    ++answers_;
    answer_ = std::move(answer);
  }

  const std::string request_;
  std::chrono::steady_clock::time_point arrived_ = std::chrono::steady_clock::now();
  std::chrono::steady_clock::time_point deadline_ = std::chrono::steady_clock::time_point::max();
  const std::shared_ptr<std::atomic<bool>> cancelled_ = std::make_shared<std::atomic<bool>>(false);
  std::map<std::string, std::string> metadata_;
  int answers_ = 0;
  int begun_again_ = 0;
  absl::StatusOr<std::string> answer_ = absl::UnknownError("not answered");
};

// Has `service` handle `call`, which it must answer, once, before it returns.
inline absl::StatusOr<std::string> Answer(const ServiceDefinition& service, const std::string& method,
                                          FakeUnaryCall* call) {
  for (const UnaryMethod& candidate : service.methods) {
    if (candidate.name != method) continue;
    candidate.handler(call);
    EXPECT_EQ(call->answers(), 1) << service.name << "." << method;
    return call->answer();
  }
  return absl::UnimplementedError(service.name + " has no method " + method);
}

// The same for a request and a response of message classes.
template <typename Response, typename Request>
absl::StatusOr<Response> Answer(const ServiceDefinition& service, const std::string& method, const Request& request) {
  FakeUnaryCall call(request.SerializeAsString());
  const absl::StatusOr<std::string> bytes = Answer(service, method, &call);
  if (!bytes.ok()) return bytes.status();
  Response response;
  if (!response.ParseFromString(*bytes)) return absl::DataLossError("the response does not parse");
  return response;
}

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_RPC_FAKE_UNARY_CALL_H_
