// Management over HTTP where the system has no memory for a call: it fails, and nothing of it stays.

#include "cpp_server/server/http_management.h"

#include <memory>
#include <new>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "cpp_server/admission/no_memory.h"
#include "cpp_server/http/fake_http_call.h"
#include "cpp_server/http/http_router.h"
#include "cpp_server/http/http_status.h"
#include "cpp_server/rpc/later_answer.h"
#include "cpp_server/rpc/unary_call.h"
#include "gtest/gtest.h"
#include "trilho/management.pb.h"

namespace trilho {
namespace {

using management::ListModelsRequest;
using management::ListModelsResponse;

// Methods of management's names, for which a descriptor is there, and of other handlers.
HttpManagement Service(UnaryMethod method) {
  // Has its descriptor linked in.
  EXPECT_EQ(ListModelsRequest::descriptor()->name(), "ListModelsRequest");
  return HttpManagement({"trilho.management.ModelManagementService", {std::move(method)}});
}

// Asks for `method`; fails the test if the call is not let go of.
HttpResponse Ask(const HttpManagement& service, const std::string& method) {
  const HttpRouter router(service.Routes());
  const auto call = std::make_shared<FakeHttpCall>("POST", "/v1/management/" + method);
  router.Match(*call)->handle(call);
  HttpResponse response = call->response();
  EXPECT_EQ(call.use_count(), 1) << "the call must not be held by anybody once it is answered";
  return response;
}

void ExpectNoMemory(const HttpResponse& response) {
  EXPECT_EQ(response.status, ErrorResponse(NoMemoryError()).status);
  EXPECT_EQ(response.body, ErrorResponse(NoMemoryError()).body);
}

TEST(HttpManagementTest, AnAnswerIsJson) {
  const auto method = MessageMethod<ListModelsRequest, ListModelsResponse>("ListModels", [](const auto&, auto* answer) {
    answer->set_generation(7);
    return absl::OkStatus();
  });
  const HttpResponse response = Ask(Service(method), "ListModels");
  EXPECT_EQ(response.status, 200);
  EXPECT_NE(response.body.find("\"generation\""), std::string::npos) << response.body;
}

TEST(HttpManagementTest, AChangeOfModelsWaitsForNoRun) {
  const HttpManagement service = Service(LaterMethod("AddModel", [](absl::string_view, const auto&) {}));
  const SharedEndpoint add = Match(HttpRouter(service.Routes()), "POST", "/v1/management/AddModel");
  EXPECT_EQ(add->plane, Plane::kControl);
  EXPECT_TRUE(add->takes_body);
  EXPECT_FALSE(add->is_open);
}

TEST(HttpManagementTest, OnlyPostsOfItsOwnSiteAreAdmitted) {
  const HttpManagement service = Service(LaterMethod("AddModel", [](absl::string_view, const auto&) {}));
  const HttpRouter router(service.Routes());
  const auto admitted = [&router](const std::string& method, const std::string& host) {
    const FakeHttpCall call(method, "/v1/management/AddModel", "", {{"Host", host}});
    return router.Admit(*router.Match(call), call).code();
  };
  EXPECT_EQ(admitted("POST", "127.0.0.1"), absl::StatusCode::kOk);
  for (const char* const method : {"POST", "GET", "OPTIONS"}) {
    EXPECT_EQ(admitted(method, "rebound.example"), absl::StatusCode::kPermissionDenied) << method;
  }
  for (const char* const method : {"GET", "PUT", "OPTIONS"}) {
    const HttpResponse response = Answer(router, method, "/v1/management/AddModel");
    EXPECT_EQ(response.status, 405);
    EXPECT_EQ(response.body, ErrorBody("405: use POST for /v1/management/AddModel"));
  }
}

TEST(HttpManagementTest, AHandlerWithoutMemoryFailsItsCall) {
  const auto method = MessageMethod<ListModelsRequest, ListModelsResponse>(
      "ListModels", [](const auto&, auto*) -> absl::Status { throw std::bad_alloc(); });
  ExpectNoMemory(Ask(Service(method), "ListModels"));
}

TEST(HttpManagementTest, ACallThatThereIsNoMemoryToPassOnFails) {
  const auto throws =
      LaterMethod("AddModel", [](absl::string_view, const std::shared_ptr<LaterAnswer>&) { throw std::bad_alloc(); });
  ExpectNoMemory(Ask(Service(throws), "AddModel"));
  const auto lets_go = LaterMethod("AddModel", [](absl::string_view, const std::shared_ptr<LaterAnswer>&) {});
  ExpectNoMemory(Ask(Service(lets_go), "AddModel"));
}

TEST(HttpManagementTest, ALateAnswerWithoutMemoryFailsItsCall) {
  std::shared_ptr<LaterAnswer> kept;
  const HttpManagement service = Service(LaterMethod(
      "AddModel", [&kept](absl::string_view, const std::shared_ptr<LaterAnswer>& answer) { kept = answer; }));
  const auto call = std::make_shared<FakeHttpCall>("POST", "/v1/management/AddModel");
  const HttpRouter router(service.Routes());
  router.Match(*call)->handle(call);
  EXPECT_EQ(call->replies(), 0) << "it waits";
  kept->Give([]() -> absl::StatusOr<std::string> { throw std::bad_alloc(); });
  kept.reset();
  ExpectNoMemory(call->response());
  EXPECT_EQ(call.use_count(), 1);
}

}  // namespace
}  // namespace trilho
