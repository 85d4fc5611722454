// Inference over HTTP, whatever its protocol: answer, record, request log, first load, refusal.

#include "cpp_server/services/http_inference.h"

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "cpp_server/admission/no_memory.h"
#include "cpp_server/http/fake_http_call.h"
#include "cpp_server/http/http_status.h"
#include "cpp_server/inference/fake_request_logger.h"
#include "cpp_server/inference/first_loads.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace trilho {
namespace {

using ::testing::ElementsAre;
using ::testing::SizeIs;

// Keeps what it is told of, in words and in records.
class Told final : public InferenceObserver {
 public:
  void OnBegin() override { words.emplace_back("begin"); }
  void OnPutAside() override { words.emplace_back("put aside"); }
  void OnEnd(const InferenceRecord& record) override {
    words.emplace_back("end");
    records.push_back(record);
  }

  std::vector<std::string> words;
  std::vector<InferenceRecord> records;
};

class HttpInferenceTest : public ::testing::Test {
 protected:
  HttpInferenceTest() {
    hooks_.observers = {&told_};
    hooks_.logger = &logger_;
  }

  HttpEndpoint Endpoint(HttpInferenceHandler handler, const std::string& model = "m") {
    return HttpInference("infer", model, &hooks_, std::move(handler));
  }

  static std::shared_ptr<FakeHttpCall> Call() {
    return std::make_shared<FakeHttpCall>(
        "POST", "/path", "body",
        FakeHttpCall::Headers{{"traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}});
  }

  // Answers with the body, and keeps both messages for the request log.
  static void Echo(const HttpCall& call, const CallContext&, InferenceRecord* record, const HttpDone& done) {
    record->log.SetRequest(PredictionLogField::kPredict, record->model, [] { return std::string("request"); });
    record->log.SetResponse([] { return std::string("response"); });
    done(JsonResponse(std::string(call.body())));
  }

  Told told_;
  FakeRequestLogger logger_;
  InferenceHooks hooks_;
};

TEST_F(HttpInferenceTest, RunsOnTheDataPlaneAndReadsTheBody) {
  const HttpEndpoint endpoint = Endpoint(Echo);
  EXPECT_EQ(endpoint.plane, Plane::kData);
  EXPECT_TRUE(endpoint.takes_body);
  EXPECT_FALSE(endpoint.is_open);
}

TEST_F(HttpInferenceTest, ACallIsAnsweredRecordedAndLogged) {
  const auto call = Call();
  Endpoint(Echo).handle(call);
  EXPECT_EQ(call->response().status, 200);
  EXPECT_EQ(call->response().body, "body");
  EXPECT_THAT(told_.words, ElementsAre("begin", "end"));
  const InferenceRecord& record = told_.records.at(0);
  EXPECT_EQ(record.method, "infer");
  EXPECT_EQ(record.model, "m");
  EXPECT_EQ(record.protocol, Protocol::kRest);
  EXPECT_EQ(record.trace_id, "0af7651916cd43dd8448eb211c80319c");
  EXPECT_EQ(record.peer, "") << "no observer wants it";
  EXPECT_TRUE(record.status.ok());
  const auto logged = logger_.logged();
  ASSERT_THAT(logged, SizeIs(1));
  EXPECT_EQ(logged[0].model, "m");
  EXPECT_EQ(logged[0].request, "request");
  EXPECT_EQ(logged[0].response, "response");
}

TEST_F(HttpInferenceTest, TheAddressOfTheCallerIsRecordedIfAnObserverWantsIt) {
  hooks_.records_peer = true;
  Endpoint(Echo).handle(Call());
  EXPECT_EQ(told_.records.at(0).peer, "127.0.0.1:4711");
}

TEST_F(HttpInferenceTest, ARequestThatIsNotSampledIsNotLogged) {
  Endpoint(Echo, "unlogged").handle(Call());
  EXPECT_EQ(logger_.calls(), 0);
}

TEST_F(HttpInferenceTest, ACallThatFailsIsRecordedAndNotLogged) {
  const auto call = Call();
  Endpoint([](const HttpCall&, const CallContext&, InferenceRecord* record, const HttpDone& done) {
    record->log.SetRequest(PredictionLogField::kPredict, record->model, [] { return std::string("request"); });
    record->log.SetResponse([] { return std::string("response"); });
    // As the thread of a batch does: once more, as there was no memory for all of the first time.
    done(absl::NotFoundError("no such model"));
    done(NoMemoryError());
  }).handle(call);
  EXPECT_EQ(call->response().status, 404);
  EXPECT_EQ(call->response().body, ErrorBody("no such model"));
  EXPECT_THAT(told_.words, ElementsAre("begin", "end"));
  EXPECT_EQ(told_.records.at(0).status, absl::NotFoundError("no such model"));
  EXPECT_EQ(logger_.calls(), 0);
}

TEST_F(HttpInferenceTest, ACallThatThereIsNoMemoryToLogIsAnswered) {
  logger_.RunOutOfMemory();
  const auto call = Call();
  Endpoint(Echo).handle(call);
  EXPECT_EQ(call->response().status, 200);
  EXPECT_EQ(logger_.calls(), 1);
  EXPECT_TRUE(told_.records.at(0).status.ok());
}

TEST_F(HttpInferenceTest, ACallThatTheFrontRefusesIsRecorded) {
  const HttpEndpoint endpoint = Endpoint(Echo);
  endpoint.refused(*Call(), absl::ResourceExhaustedError("no room"));
  EXPECT_EQ(told_.records.at(0).method, "infer");
  EXPECT_EQ(told_.records.at(0).model, "m");
  EXPECT_EQ(told_.records.at(0).status, absl::ResourceExhaustedError("no room"));
  endpoint.refused(*Call(), absl::UnauthenticatedError("no token"));
  EXPECT_EQ(told_.records.at(1).model, "") << "whoever may not call does not choose the labels of metrics";
}

// A model "m" that is loaded for the first time until the test says otherwise.
class FirstLoadOverHttpTest : public HttpInferenceTest {
 protected:
  FirstLoadOverHttpTest()
      : loads_(
            FirstLoads::Options(), [this](const std::string&, FirstLoads::Clock::time_point) { return loaded_.load(); },
            [](const std::string&) { return absl::OkStatus(); }) {
    loads_.SetModels({"m"});
    hooks_.first_loads = &loads_;
  }

  void Load() {
    loaded_ = true;
    loads_.Note("m");
  }

  // Waits until the front has been told to handle `call` once more.
  static void AwaitAgain(const FakeHttpCall& call) {
    while (call.begun_again() == 0) std::this_thread::yield();
  }

  std::atomic<bool> loaded_{false};
  FirstLoads loads_;
};

TEST_F(FirstLoadOverHttpTest, AnInferenceWaitsForIt) {
  const HttpEndpoint endpoint =
      Endpoint([this](const HttpCall& call, const CallContext& context, InferenceRecord* record, const HttpDone& done) {
        const absl::Status absence = loads_.Absence("m");
        if (!absence.ok()) return done(absence);
        Echo(call, context, record, done);
      });
  const auto call = Call();
  endpoint.handle(call);
  EXPECT_EQ(call->replies(), 0);
  EXPECT_THAT(told_.words, ElementsAre("begin", "put aside"));
  Load();
  AwaitAgain(*call);
  endpoint.handle(call);
  EXPECT_EQ(call->response().body, "body");
  EXPECT_THAT(told_.words, ElementsAre("begin", "put aside", "begin", "end"));
}

TEST_F(FirstLoadOverHttpTest, ADescriptionWaitsForIt) {
  const HttpEndpoint endpoint = HttpDescription(&hooks_, [this]() -> absl::StatusOr<HttpResponse> {
    const absl::Status absence = loads_.Absence("m");
    if (!absence.ok()) return absence;
    return JsonResponse(std::string("{}"));
  });
  EXPECT_EQ(endpoint.plane, Plane::kControl);
  EXPECT_FALSE(endpoint.takes_body);
  const auto call = Call();
  endpoint.handle(call);
  EXPECT_EQ(call->replies(), 0);
  Load();
  AwaitAgain(*call);
  endpoint.handle(call);
  EXPECT_EQ(call->response().body, "{}");
  EXPECT_THAT(told_.words, ElementsAre()) << "it is no inference";
}

TEST_F(HttpInferenceTest, ADescriptionThatFailsIsAnsweredWithItsError) {
  const auto call = Call();
  HttpDescription(&hooks_, [] {
    return absl::StatusOr<HttpResponse>(absl::NotFoundError("no such model"));
  }).handle(call);
  EXPECT_EQ(call->response().status, 404);
}

}  // namespace
}  // namespace trilho
