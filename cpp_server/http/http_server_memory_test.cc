// The memory that incoming requests and answers nobody takes may hold.

#include <chrono>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "cpp_server/http/gzip_for_test.h"
#include "cpp_server/http/http_server.h"
#include "cpp_server/http/http_test_client.h"
#include "cpp_server/http/http_test_server.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace trilho {
namespace {

using std::chrono::milliseconds;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(RequestBodies, AreBoundedTogether) {
  HttpServer::Options options;
  options.memory = std::make_shared<RequestMemory>(100000);
  HttpTestServer server(options);
  HttpTestClient one(server->port());
  one.Send(absl::StrCat("POST /hold HTTP/1.1\r\nHost: t\r\nContent-Length: 60000\r\n\r\n", std::string(60000, 'x')));
  const auto held = server.Take();
  EXPECT_EQ(options.memory->used(), 60000);
  {
    HttpTestClient two(server->port());
    const auto refused = two.Post("/echo", std::string(50000, 'x'));
    EXPECT_EQ(refused.status, 429);
    EXPECT_THAT(refused.body, HasSubstr("--max_request_memory_bytes=100000"));
    EXPECT_TRUE(two.IsClosed()) << "the rest of the body is not read";
  }
  HttpTestClient two(server->port());
  EXPECT_EQ(two.Post("/echo", std::string(40000, 'x')).status, 200);
  // What it is decompressed to counts, as it grows.
  const auto packed = two.Post("/echo", Gzip(std::string(400000, 'x')), "Content-Encoding: gzip\r\n");
  EXPECT_EQ(packed.status, 429);
  EXPECT_THAT(packed.body, HasSubstr("--max_request_memory_bytes=100000"));
  EXPECT_EQ(options.memory->used(), 60000);
  // A body that has not come to its end counts too.
  HttpTestClient half(server->port());
  half.Send(absl::StrCat("POST /echo HTTP/1.1\r\nHost: t\r\nContent-Length: 60000\r\n\r\n", std::string(40000, 'x')));
  EXPECT_TRUE(Eventually([&] { return options.memory->used() == 100000; }));
  EXPECT_EQ(two.Get("/show").status, 200);
  half.Close();
  EXPECT_TRUE(Eventually([&] { return options.memory->used() == 60000; }));
  held->Reply({});
  EXPECT_EQ(one.Read().status, 200);
}

TEST(RequestBodies, CountWithTheMemoryThatTheyHaveOnceTheyAreDecompressed) {
  HttpServer::Options options;
  options.memory = std::make_shared<RequestMemory>(1 << 20);
  HttpTestServer server(options);
  HttpTestClient client(server->port());
  const std::string packed = Gzip(std::string(10000, 'x'));
  client.Send(absl::StrCat("POST /hold HTTP/1.1\r\nHost: t\r\nContent-Encoding: gzip\r\nContent-Length: ",
                           packed.size(), "\r\n\r\n", packed));
  const auto held = server.Take();
  EXPECT_EQ(held->body().size(), 10000u);
  // It grew by pages of 4096 bytes.
  EXPECT_EQ(options.memory->used(), 3 * 4096);
  held->Reply({});
  EXPECT_EQ(client.Read().status, 200);
  EXPECT_EQ(options.memory->used(), 0);
}

// Bodies that are begun and not ended, while a budget is used up.
class UnfinishedBodies : public ::testing::Test {
 protected:
  UnfinishedBodies() {
    options_.memory = std::make_shared<RequestMemory>(100000);
    server_ = std::make_unique<HttpTestServer>(options_);
  }

  std::unique_ptr<HttpTestClient> Begin(size_t bytes) {
    auto client = std::make_unique<HttpTestClient>((*server_)->port());
    const int64_t before = options_.memory->used();
    client->Send(
        absl::StrCat("POST /echo HTTP/1.1\r\nHost: t\r\nContent-Length: 90000\r\n\r\n", std::string(bytes, 'x')));
    EXPECT_TRUE(Eventually([&] { return options_.memory->used() == before + static_cast<int64_t>(bytes); }));
    return client;
  }

  HttpServer::Options options_;
  std::unique_ptr<HttpTestServer> server_;
};

TEST_F(UnfinishedBodies, GiveWayIfTheyComeSlowest) {
  const auto first = Begin(45000);
  const auto second = Begin(50000);
  // A caller beside those two has its share.
  HttpTestClient good((*server_)->port());
  EXPECT_EQ(good.Post("/echo", std::string(20000, 'x')).status, 200);
  const auto ended = first->Read();
  EXPECT_EQ(ended.status, 429);
  EXPECT_THAT(ended.body, HasSubstr("of the larger bodies that are still being read this one comes the slowest, at "));
  EXPECT_TRUE(Eventually([&] { return options_.memory->used() == 50000; }));
  // Alone it may have all of it.
  second->Send(std::string(40000, 'x'));
  EXPECT_EQ(second->Read().body.size(), 90000u);
  EXPECT_THAT(server_->refused(), ElementsAre("RESOURCE_EXHAUSTED /echo"));
}

TEST_F(UnfinishedBodies, ThatAreManyAndSlowDoNotKeepALargeOneAway) {
  std::vector<std::unique_ptr<HttpTestClient>> slow;
  for (int i = 0; i < 20; ++i) slow.push_back(Begin(5000));
  // They are slow from now on.
  std::this_thread::sleep_for(milliseconds(100));
  HttpTestClient large((*server_)->port());
  // Nearly half of the budget; beyond that the slow ones hold too little, each, to give way to it.
  EXPECT_EQ(large.Post("/echo", std::string(45000, 'x')).status, 200);
  EXPECT_THAT(server_->refused(), Each(std::string("RESOURCE_EXHAUSTED /echo")));
  EXPECT_GE(server_->refused().size(), 9u);
}

TEST_F(UnfinishedBodies, ThatAreSmallDoNotGiveWayToLargeOnes) {
  const auto small = Begin(2000);
  const auto large = Begin(45000);
  HttpTestClient larger((*server_)->port());
  EXPECT_EQ(larger.Post("/echo", std::string(90000, 'x')).status, 200);
  EXPECT_EQ(large->Read().status, 429);
  small->Send(std::string(88000, 'x'));
  EXPECT_EQ(small->Read().status, 200);
}

TEST_F(UnfinishedBodies, AreRefusedThemselvesIfTheyComeSlowest) {
  const auto slow = Begin(30000);
  std::this_thread::sleep_for(milliseconds(100));
  const auto fast = Begin(70000);
  slow->Send("x");
  const auto refused = slow->Read();
  EXPECT_EQ(refused.status, 429);
  EXPECT_THAT(refused.body, HasSubstr("the 30001 of this one are more than --max_request_memory_bytes=100000"));
  EXPECT_TRUE(Eventually([&] { return options_.memory->used() == 70000; }));
}

// More than the system's buffers take.
constexpr size_t kLarge = 32 << 20;

HttpResponse Large() {
  HttpResponse response;
  response.body = std::string(kLarge, 'x');
  return response;
}

// A client that asks for a large answer and reads nothing of it.
void Begin(HttpTestServer* server, const std::shared_ptr<ResponseMemory>& memory, HttpTestClient* client) {
  const int64_t before = memory->used();
  client->Send("GET /hold HTTP/1.1\r\nHost: t\r\n\r\n");
  server->Take()->Reply(Large());
  EXPECT_TRUE(Eventually([&] { return memory->used() >= before + static_cast<int64_t>(kLarge); }));
}

TEST(Responses, ThatNobodyTakesHoldOffFurtherCalls) {
  HttpServer::Options options;
  options.response_memory = std::make_shared<ResponseMemory>(1 << 20);
  options.stalled_reader_patience = std::chrono::hours(1);
  HttpTestServer server(options);
  HttpTestClient reads_nothing(server->port());
  Begin(&server, options.response_memory, &reads_nothing);
  HttpTestClient good(server->port());
  const auto refused = good.Get("/show");
  EXPECT_EQ(refused.status, 429);
  EXPECT_THAT(refused.body, HasSubstr("bytes of answers, and --max_response_memory_bytes=1048576 is reached"));
  EXPECT_EQ(server.handled(), 1) << "nothing is run that could not be answered";
  EXPECT_THAT(server.refused(), ElementsAre("RESOURCE_EXHAUSTED /show"));
  EXPECT_EQ(good.Get("/control/show").status, 200) << "probes are answered";
  // Once it is taken there is room again.
  EXPECT_EQ(reads_nothing.Read().body.size(), kLarge);
  EXPECT_TRUE(Eventually([&] { return options.response_memory->used() == 0; }));
  EXPECT_EQ(good.Get("/show").status, 200);
}

TEST(Responses, OfCallsThatHadBegunAreDroppedIfThereIsNoRoom) {
  HttpServer::Options options;
  options.response_memory = std::make_shared<ResponseMemory>(1 << 20);
  options.stalled_reader_patience = std::chrono::hours(1);
  HttpTestServer server(options);
  HttpTestClient two(server->port());
  two.Send("GET /hold HTTP/1.1\r\nHost: t\r\n\r\n");
  const auto held = server.Take();
  HttpTestClient one(server->port());
  Begin(&server, options.response_memory, &one);
  std::promise<absl::Status> sent;
  HttpResponse response = Large();
  response.sending = [&sent](const absl::Status& status) { sent.set_value(status); };
  held->Reply(std::move(response));
  EXPECT_EQ(two.Read().status, 429);
  EXPECT_EQ(sent.get_future().get().code(), absl::StatusCode::kResourceExhausted) << "it is told what was sent";
  EXPECT_LT(options.response_memory->used(), static_cast<int64_t>(2 * kLarge));
}

TEST(Responses, AreToldThatTheyAreSentOnceWhateverBecomesOfThem) {
  HttpTestServer server;
  std::promise<absl::Status> sent, senseless, unread;
  const auto tell = [](int status, std::promise<absl::Status>* told) {
    HttpResponse response;
    response.status = status;
    response.sending = [told](const absl::Status& how) { told->set_value(how); };
    return response;
  };
  HttpTestClient client(server->port());
  client.Send("GET /hold HTTP/1.1\r\nHost: t\r\n\r\n");
  server.Take()->Reply(tell(200, &sent));
  EXPECT_EQ(client.Read().status, 200);
  EXPECT_EQ(sent.get_future().get(), absl::OkStatus());
  client.Send("GET /hold HTTP/1.1\r\nHost: t\r\n\r\n");
  server.Take()->Reply(tell(1000, &senseless));
  EXPECT_EQ(client.Read().status, 500);
  EXPECT_EQ(senseless.get_future().get().code(), absl::StatusCode::kInternal);
  client.Send("GET /hold HTTP/1.1\r\nHost: t\r\n\r\n");
  const auto call = server.Take();
  client.Close();
  call->Reply(tell(200, &unread));
  EXPECT_EQ(unread.get_future().get(), absl::OkStatus());
}

TEST(Responses, ToProbesAreSentBeyondTheBound) {
  HttpServer::Options options;
  options.response_memory = std::make_shared<ResponseMemory>(1 << 20);
  options.stalled_reader_patience = std::chrono::hours(1);
  HttpTestServer server(options);
  HttpTestClient reads_nothing(server->port());
  Begin(&server, options.response_memory, &reads_nothing);
  HttpTestClient probe(server->port());
  probe.Send("GET /probe/hold HTTP/1.1\r\nHost: t\r\n\r\n");
  server.Take()->Reply(Large());
  EXPECT_TRUE(Eventually([&] { return options.response_memory->used() >= static_cast<int64_t>(2 * kLarge); }));
  const auto answer = probe.Read();
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body.size(), kLarge);
}

TEST(Responses, ThatAreStalledEndWhenOthersNeedTheirRoom) {
  HttpServer::Options options;
  options.response_memory = std::make_shared<ResponseMemory>(1 << 20);
  options.stalled_reader_patience = milliseconds(50);
  HttpTestServer server(options);
  HttpTestClient reads_nothing(server->port());
  Begin(&server, options.response_memory, &reads_nothing);
  HttpTestClient good(server->port());
  EXPECT_TRUE(Eventually([&] { return good.Get("/show").status == 200; }));
  EXPECT_EQ(options.response_memory->used(), 0);
  EXPECT_EQ(reads_nothing.Read().status, 0) << "the response must have been cut";
}

TEST(Responses, AreNotMultipliedByPipelining) {
  HttpServer::Options options;
  options.response_memory = std::make_shared<ResponseMemory>(int64_t{1} << 40);
  HttpTestServer server(options);
  HttpTestClient client(server->port());
  std::string more;
  for (int i = 0; i < 100; ++i) more += "GET /hold HTTP/1.1\r\nHost: t\r\n\r\n";
  client.Send(more);
  server.Take()->Reply(Large());
  EXPECT_TRUE(Eventually([&] { return options.response_memory->used() >= static_cast<int64_t>(kLarge); }));
  HttpTestClient other(server->port());
  EXPECT_EQ(other.Get("/show").status, 200);
  EXPECT_EQ(server.handled(), 2) << "the next one begins when this one is written";
}

TEST(Responses, AreCutIfTheyAreTakenTooSlowly) {
  HttpServer::Options options;
  options.response_memory = std::make_shared<ResponseMemory>(int64_t{1} << 40);
  options.progress_timeout = milliseconds(300);
  options.min_bytes_per_second = 1 << 20;
  HttpTestServer server(options);
  HttpTestClient trickles(server->port());
  Begin(&server, options.response_memory, &trickles);
  // Never without progress for so long, but some kilobytes a second at most.
  int reads = 0;
  while (options.response_memory->used() > 0 && reads < 3000) {
    char bytes[100];
    recv(trickles.socket(), bytes, sizeof(bytes), 0);
    ++reads;
    std::this_thread::sleep_for(milliseconds(10));
  }
  EXPECT_LT(reads, 3000);
  EXPECT_TRUE(server->Shutdown(std::chrono::seconds(30)));
}

TEST(Responses, AreNotCutIfTheyAreTakenFastEnough) {
  HttpServer::Options options;
  options.progress_timeout = milliseconds(1000);
  options.min_bytes_per_second = 256 << 10;
  HttpTestServer server(options);
  HttpTestClient client(server->port());
  client.Send("GET /hold HTTP/1.1\r\nHost: t\r\n\r\n");
  server.Take()->Reply(Large());
  // Some 8 MiB a second: it takes longer than progress_timeout.
  std::string taken;
  while (taken.size() < kLarge) {
    char bytes[64 << 10];
    const ssize_t size = recv(client.socket(), bytes, sizeof(bytes), 0);
    ASSERT_GT(size, 0);
    taken.append(bytes, static_cast<size_t>(size));
    std::this_thread::sleep_for(milliseconds(8));
  }
}

}  // namespace
}  // namespace trilho
