#include "cpp_server/services/inference_method.h"

#include <chrono>
#include <future>
#include <memory>
#include <new>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "cpp_server/admission/no_memory.h"
#include "cpp_server/admission/response_memory.h"
#include "cpp_server/core/mutex.h"
#include "cpp_server/inference/fake_request_logger.h"
#include "cpp_server/rpc/fake_unary_call.h"
#include "cpp_server/rpc/grpc_server.h"
#include "cpp_server/rpc/test_client.h"
#include "gmock/gmock.h"
#include "google/protobuf/wrappers.pb.h"
#include "gtest/gtest.h"

namespace trilho {
namespace {

using std::chrono::milliseconds;
using ::testing::SizeIs;

constexpr milliseconds kBusy(200);

// Keeps all that it is told of.
class Records final : public InferenceObserver {
 public:
  void OnBegin() override {
    MutexLock lock(&mu_);
    ++begun_;
  }
  void OnEnd(const InferenceRecord& record) override {
    MutexLock lock(&mu_);
    ended_.push_back(record);
  }
  std::vector<InferenceRecord> Ended() const {
    MutexLock lock(&mu_);
    return ended_;
  }
  // That have begun and not ended.
  size_t UnderWay() const {
    MutexLock lock(&mu_);
    return begun_ - ended_.size();
  }

 private:
  mutable Mutex mu_;
  size_t begun_ GUARDED_BY(mu_) = 0;
  std::vector<InferenceRecord> ended_ GUARDED_BY(mu_);
};

// A server with one thread, whose method answers what it is asked when it is let go.
class InferenceMethodTest : public ::testing::Test {
 protected:
  void Serve(int max_waiting_calls, Authorizer authorize = {}, std::shared_ptr<ResponseMemory> answers = nullptr) {
    hooks_.observers = {&records_};
    GrpcServer::Options options;
    options.port = 0;
    options.data_threads = 1;
    options.max_waiting_calls = max_waiting_calls;
    options.authorize = std::move(authorize);
    options.watch.memory = std::move(answers);
    const auto run = [this](absl::string_view request, const CallContext&, InferenceRecord* record,
                            const BytesDone& done) {
      record->model = "m";
      begun_.set_value();
      let_go_.get_future().wait();
      done(std::string(request));
    };
    const auto answer = [](absl::string_view request, const CallContext&, InferenceRecord*, const BytesDone& done) {
      done(std::string(request));
    };
    auto server = GrpcServer::Start(
        options, {{"trilho.Test",
                   {InferenceMethod("Run", &hooks_, run, /*recorded_as=*/"", PredictionLogField::kPredict),
                    InferenceMethod("Answer", &hooks_, answer, /*recorded_as=*/"", PredictionLogField::kPredict)}}});
    ASSERT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
    channel_ = LocalChannel(server_->port());
  }

  std::future<grpc::Status> Begin(const std::string& method) {
    return std::async(std::launch::async,
                      [this, method] { return RawCall(channel_, "/trilho.Test/" + method, "x").first; });
  }

  Records records_;
  FakeRequestLogger logger_;
  InferenceHooks hooks_;
  std::promise<void> begun_;
  std::promise<void> let_go_;
  std::unique_ptr<GrpcServer> server_;
  std::shared_ptr<grpc::Channel> channel_;
};

TEST_F(InferenceMethodTest, TheWaitForABusyThreadIsPartOfTheCall) {
  Serve(10);
  auto running = Begin("Run");
  begun_.get_future().wait();
  auto waiting = Begin("Answer");
  while (server_->waiting_calls() == 0) std::this_thread::yield();
  std::this_thread::sleep_for(kBusy);
  let_go_.set_value();
  EXPECT_TRUE(running.get().ok());
  EXPECT_TRUE(waiting.get().ok());
  const auto ended = records_.Ended();
  ASSERT_THAT(ended, SizeIs(2));
  EXPECT_EQ(ended[0].method, "Run");
  EXPECT_LT(ended[0].times.queued, std::chrono::microseconds(kBusy).count());
  EXPECT_EQ(ended[1].method, "Answer");
  EXPECT_GE(ended[1].times.queued, std::chrono::microseconds(kBusy).count());
  EXPECT_GE(ended[1].duration, kBusy);
}

TEST_F(InferenceMethodTest, ACallThatFindsNoRoomIsRecorded) {
  Serve(0);
  auto running = Begin("Run");
  begun_.get_future().wait();
  EXPECT_EQ(Begin("Answer").get().error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  const auto refused = records_.Ended();
  ASSERT_THAT(refused, SizeIs(1));
  EXPECT_EQ(refused[0].method, "Answer");
  EXPECT_EQ(refused[0].status.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(refused[0].model, "") << "its request was not read";
  EXPECT_EQ(records_.UnderWay(), 1u) << "the one that runs";
  let_go_.set_value();
  EXPECT_TRUE(running.get().ok());
  EXPECT_EQ(records_.UnderWay(), 0u);
}

TEST_F(InferenceMethodTest, ACallWhoseAnswerFindsNoRoomIsRecordedAsWhatIsSent) {
  constexpr int64_t kBound = 1 << 20;
  const auto answers = std::make_shared<ResponseMemory>(kBound);
  hooks_.logger = &logger_;
  Serve(10, {}, answers);
  auto running = Begin("Run");
  begun_.get_future().wait();
  {
    // Others' answers, made while it runs.
    ResponseMemory::Share others(answers);
    ASSERT_TRUE(others.Take(kBound).ok());
    let_go_.set_value();
    EXPECT_EQ(running.get().error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  }
  const auto ended = records_.Ended();
  ASSERT_THAT(ended, SizeIs(1));
  EXPECT_EQ(ended[0].status.code(), absl::StatusCode::kResourceExhausted) << ended[0].status;
  EXPECT_EQ(logger_.calls(), 0) << "it was not answered";
}

TEST_F(InferenceMethodTest, ACallWithoutMemoryForItsAnswerFailsAndHarmsNoOther) {
  hooks_.observers = {&records_};
  // As the thread of a batch does: once more, as there was no memory for all of the first time.
  const auto run = [](absl::string_view, const CallContext&, InferenceRecord*, const BytesDone& done) {
    done(NoMemoryError());
    done(NoMemoryError());
  };
  FakeUnaryCall twice("x");
  InferenceMethod("Twice", &hooks_, run).handler(&twice);
  EXPECT_EQ(twice.answers(), 1);
  EXPECT_EQ(twice.answer().status(), NoMemoryError());
  const auto fails = [](absl::string_view, const CallContext&, InferenceRecord*, const BytesDone&) {
    throw std::bad_alloc();
  };
  FakeUnaryCall thrown("x");
  InferenceMethod("Fails", &hooks_, fails).handler(&thrown);
  EXPECT_EQ(thrown.answers(), 1);
  EXPECT_EQ(thrown.answer().status(), NoMemoryError());
  EXPECT_THAT(records_.Ended(), SizeIs(2));
  EXPECT_EQ(records_.UnderWay(), 0u);
}

TEST_F(InferenceMethodTest, ACallThatThereIsNoMemoryToRecordOrLogIsAnswered) {
  class Poor final : public InferenceObserver {
   public:
    void OnEnd(const InferenceRecord&) override { throw std::bad_alloc(); }
  };
  Poor poor;
  hooks_.observers = {&poor, &records_};
  logger_.RunOutOfMemory();
  hooks_.logger = &logger_;
  const auto answer = [](absl::string_view request, const CallContext&, InferenceRecord*, const BytesDone& done) {
    done(std::string(request));
  };
  FakeUnaryCall call("x");
  InferenceMethod("Answer", &hooks_, answer, /*recorded_as=*/"", PredictionLogField::kPredict).handler(&call);
  ASSERT_TRUE(call.answer().ok()) << call.answer().status();
  EXPECT_EQ(*call.answer(), "x");
  EXPECT_EQ(logger_.calls(), 1);
  EXPECT_THAT(records_.Ended(), SizeIs(1));
}

TEST_F(InferenceMethodTest, AnAnsweredCallIsLoggedAsItCameOrAsItsHandlerHasIt) {
  hooks_.logger = &logger_;
  const auto run = [](absl::string_view, const CallContext&, InferenceRecord* record, const BytesDone& done) {
    record->model = "m";
    record->log.SetRequest(PredictionLogField::kPredict, "m", [] { return std::string("kept request"); });
    record->log.SetResponse([] { return std::string("kept response"); });
    done(std::string("response"));
  };
  FakeUnaryCall as_it_came("request");
  InferenceMethod("Classify", &hooks_, run, /*recorded_as=*/"", PredictionLogField::kClassify).handler(&as_it_came);
  FakeUnaryCall other("request");
  InferenceMethod("Other", &hooks_, run).handler(&other);
  const auto fail = [](absl::string_view, const CallContext&, InferenceRecord* record, const BytesDone& done) {
    record->log.SetRequest(PredictionLogField::kPredict, "m", [] { return std::string("kept request"); });
    record->log.SetResponse([] { return std::string("kept response"); });
    done(absl::InternalError("no answer"));
  };
  FakeUnaryCall failed("request");
  InferenceMethod("Other", &hooks_, fail).handler(&failed);
  const auto logged = logger_.logged();
  ASSERT_THAT(logged, SizeIs(2));
  EXPECT_EQ(logged[0].kind, PredictionLogField::kClassify);
  EXPECT_EQ(logged[0].model, "m");
  EXPECT_EQ(logged[0].request, "request");
  EXPECT_EQ(logged[0].response, "response");
  EXPECT_EQ(logged[1].kind, PredictionLogField::kPredict);
  EXPECT_EQ(logged[1].request, "kept request");
  EXPECT_EQ(logged[1].response, "kept response");
}

TEST_F(InferenceMethodTest, ACallThatMayNotBeMadeIsRecorded) {
  Serve(10, [](const UnaryCall&) { return absl::UnauthenticatedError("no token"); });
  EXPECT_EQ(Begin("Answer").get().error_code(), grpc::StatusCode::UNAUTHENTICATED);
  const auto refused = records_.Ended();
  ASSERT_THAT(refused, SizeIs(1));
  EXPECT_EQ(refused[0].status, absl::UnauthenticatedError("no token"));
}

TEST_F(InferenceMethodTest, CallsWhoseCallersGoWhileTheyWaitAreRecorded) {
  Serve(10);
  auto running = Begin("Run");
  begun_.get_future().wait();
  {
    StreamingCall leaving(channel_, "/trilho.Test/Answer", "x");
    while (server_->waiting_calls() == 0) std::this_thread::yield();
    leaving.Cancel();
  }
  // The server learns of it a little later.
  std::this_thread::sleep_for(kBusy);
  let_go_.set_value();
  EXPECT_TRUE(running.get().ok());
  while (records_.Ended().size() < 2) std::this_thread::yield();
  EXPECT_EQ(records_.Ended()[1].status.code(), absl::StatusCode::kCancelled);
}

TEST_F(InferenceMethodTest, ACallThatThereIsNoMemoryToLogIsAnswered) {
  logger_.RunOutOfMemory();
  hooks_.logger = &logger_;
  Serve(10);
  EXPECT_TRUE(Begin("Answer").get().ok());
  EXPECT_EQ(logger_.calls(), 1);
  EXPECT_EQ(records_.UnderWay(), 0u);
}

TEST(MessageMethodTest, WithoutMemoryForItACallIsAnsweredWithAnError) {
  using google::protobuf::StringValue;
  const auto fail = [](const StringValue&, StringValue*) -> absl::Status { throw std::bad_alloc(); };
  InferenceHooks hooks;
  for (const UnaryMethod& method : {MessageMethod<StringValue, StringValue>("Tell", fail),
                                    DescriptionMethod<StringValue, StringValue>("Describe", &hooks, fail)}) {
    FakeUnaryCall call("");
    method.handler(&call);
    EXPECT_EQ(call.answers(), 1);
    EXPECT_EQ(call.answer().status(), NoMemoryError());
  }
}

TEST(TraceIdTest, IsThatOfATraceparentAsW3CHasIt) {
  const std::string trace = "4bf92f3577b34da6a3ce929d0e0e4736";
  const std::string span = "00f067aa0ba902b7";
  EXPECT_EQ(TraceId("00-" + trace + "-" + span + "-01"), trace);
  EXPECT_EQ(TraceId("00-" + trace + "-" + span + "-00"), trace);
  // Of a version to come, which may say more.
  EXPECT_EQ(TraceId("cc-" + trace + "-" + span + "-01"), trace);
  EXPECT_EQ(TraceId("cc-" + trace + "-" + span + "-01-more"), trace);

  const std::string none[] = {
      "",
      "00",
      "00-" + trace + "-" + span,
      "00-" + trace + "-" + span + "-0",
      "00-" + trace + "-" + span + "-01-more",
      "00-" + trace + "-" + span + "-011",
      "cc-" + trace + "-" + span + "-01more",
      "ff-" + trace + "-" + span + "-01",
      "0x-" + trace + "-" + span + "-01",
      "00-" + std::string(32, '0') + "-" + span + "-01",
      "00-" + trace + "-" + std::string(16, '0') + "-01",
      "00-4BF92F3577B34DA6A3CE929D0E0E4736-" + span + "-01",
      "00-" + trace + "-00F067AA0BA902B7-01",
      "00-" + std::string(32, 'g') + "-" + span + "-01",
      "00-" + trace + "-" + std::string(16, 'g') + "-01",
      "00-" + trace + "-" + span + "-0g",
      "00_" + trace + "-" + span + "-01",
      "00-" + trace + "_" + span + "-01",
      "00-" + trace + "-" + span + "_01",
      " 00-" + trace + "-" + span + "-01",
  };
  for (const std::string& traceparent : none) EXPECT_EQ(TraceId(traceparent), "") << traceparent;
}

}  // namespace
}  // namespace trilho
