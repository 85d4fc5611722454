// The Open Inference Protocol over REST, over real models.

#include "cpp_server/kserve/kserve_rest.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "cpp_server/http/fake_http_call.h"
#include "cpp_server/http/http_router.h"
#include "cpp_server/http/http_status.h"
#include "cpp_server/kserve/kserve_fixture.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace trilho {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;

constexpr char kJsonSize[] = "Inference-Header-Content-Length";
constexpr char kX[] = R"({"inputs": [{"name": "x", "datatype": "FP32", "shape": [2], "data": [4, -4]}]})";
constexpr char kInfer[] = "/v2/models/half_plus_two/infer";

std::string RawFloats(const std::vector<float>& values) {
  return std::string(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(float));
}

class KServeRestTest : public KServeFixture {
 protected:
  KServeRestTest()
      : rest_(&predictor_, models_->manager(), &hooks_, &repository_, [this] { return ready_; }),
        router_(rest_.Routes()) {}

  HttpResponse Ask(const std::string& method, const std::string& path, const std::string& body = "",
                   FakeHttpCall::Headers headers = {}) {
    return Answer(router_, method, path, body, std::move(headers));
  }
  HttpResponse Get(const std::string& path) { return Ask("GET", path); }
  HttpResponse Post(const std::string& path, const std::string& body) { return Ask("POST", path, body); }

  const KServeRest rest_;
  const HttpRouter router_;
};

TEST_F(KServeRestTest, TakesItsPathsAndNoOther) {
  std::vector<HttpRoute> routes = rest_.Routes();
  HttpRoute others;
  others.is_prefix = true;
  others.find = [elsewhere = Share({})](const HttpRequestHead&) { return elsewhere; };
  const SharedEndpoint elsewhere = others.find(FakeHttpCall("GET", "/"));
  routes.push_back(std::move(others));
  const HttpRouter router(std::move(routes));
  for (const char* path : {"/v2", "/v2/", "/v2/health/live", "/v2/models/m", "/v2/other"}) {
    EXPECT_NE(Match(router, "GET", path), elsewhere) << path;
  }
  for (const char* path : {"", "/", "/v1/models/m", "/v20", "/v2x/models", "v2"}) {
    EXPECT_EQ(Match(router, "GET", path), elsewhere) << path;
  }
}

TEST_F(KServeRestTest, OnlyAnInferenceDoesTheWorkOfAModelAndReadsABody) {
  const SharedEndpoint infer = Match(router_, "POST", kInfer);
  EXPECT_EQ(infer->plane, Plane::kData);
  EXPECT_TRUE(infer->takes_body);
  EXPECT_FALSE(infer->is_open);
  EXPECT_EQ(Match(router_, "GET", kInfer)->plane, Plane::kControl);
  const SharedEndpoint index = Match(router_, "POST", "/v2/repository/index");
  EXPECT_EQ(index->plane, Plane::kControl);
  EXPECT_TRUE(index->takes_body) << "it may ask for those that are ready";
  for (const char* path : {"/v2", "/v2/models/half_plus_two", "/v2/repository/models/half_plus_two/load"}) {
    EXPECT_FALSE(Match(router_, "POST", path)->takes_body) << path;
  }
}

TEST_F(KServeRestTest, SaysWhetherTheServerIsReady) {
  EXPECT_EQ(Get("/v2/health/live").body, R"({"live":true})");
  EXPECT_EQ(Get("/v2/health/ready").status, 200);
  EXPECT_EQ(Get("/v2/health/ready").body, R"({"ready":true})");
  ready_ = false;
  EXPECT_EQ(Get("/v2/health/ready").status, 503);
  EXPECT_EQ(Get("/v2/health/ready").body, R"({"ready":false})");
  EXPECT_EQ(Get("/v2/health/live").status, 200);
}

TEST_F(KServeRestTest, SaysWhetherAModelIsReady) {
  for (const char* path : {"half_plus_two", "half_plus_two/versions/1", "half_plus_two/versions/stable",
                           "half%5fplus%5Ftwo/versions/%31"}) {
    const HttpResponse response = Get(absl::StrCat("/v2/models/", path, "/ready"));
    EXPECT_EQ(response.status, 200) << path;
    EXPECT_EQ(response.body, R"({"ready":true})") << path;
  }
  EXPECT_EQ(Get("/v2/models/half_plus_two/versions/3/ready").status, 503);
  EXPECT_EQ(Get("/v2/models/broken/ready").status, 503);
  const HttpResponse unknown = Get("/v2/models/nobody/ready");
  EXPECT_EQ(unknown.status, 404);
  EXPECT_EQ(unknown.body, R"({"ready":false})");
  const HttpResponse no_label = Get("/v2/models/half_plus_two/versions/best/ready");
  EXPECT_EQ(no_label.status, 400);
  EXPECT_EQ(no_label.body, R"({"ready":false})") << "labels are not for everybody";
}

TEST_F(KServeRestTest, KnowsProbesByTheirPath) {
  for (const char* path : {"/v2/health/live", "/v2/health/ready", "/v2/models/m/ready", "/v2/models/m/versions/1/ready",
                           "/v2/models/ready/ready", "/v2/models/m/versions/ready/ready", "/v2/models/m/%72eady"}) {
    const SharedEndpoint probe = Match(router_, "GET", path);
    EXPECT_EQ(probe->plane, Plane::kProbe) << path;
    EXPECT_TRUE(probe->is_open) << path;
    EXPECT_FALSE(Match(router_, "POST", path)->is_open) << path << ": only to ask it";
  }
  for (const char* path : {"/v2", "/v2/models/ready", "/v2/models/m", "/v2/models/m/versions/ready",
                           "/v2/models/m/infer", "/v2/models/m/ready/", "/v2/health/other", "/v1/models/m/ready"}) {
    EXPECT_NE(Match(router_, "GET", path)->plane, Plane::kProbe) << path;
    EXPECT_FALSE(Match(router_, "GET", path)->is_open) << path;
  }
}

TEST_F(KServeRestTest, DescribesTheServerAndItsModels) {
  EXPECT_THAT(Get("/v2").body, HasSubstr(R"({"name":"trilho","version":")"));
  EXPECT_THAT(Get("/v2").body, HasSubstr(R"("extensions":["binary_tensor_data","model_configuration","statistics"]})"));
  for (const char* path : {"/v2/models/half_plus_two", "/v2/models/half_plus_two/versions/1"}) {
    EXPECT_EQ(Get(path).body, R"({"name":"half_plus_two","versions":["2","1"],"platform":"tensorflow_savedmodel",)"
                              R"("inputs":[{"name":"x","datatype":"FP32","shape":[-1]}],)"
                              R"("outputs":[{"name":"y","datatype":"FP32","shape":[-1]}]})");
  }
  EXPECT_EQ(Get("/v2/models/nobody").status, 404);
  EXPECT_EQ(Get("/v2/models/half_plus_two/versions/9").status, 404);
}

TEST_F(KServeRestTest, TellsAModelsConfiguration) {
  for (const char* path : {"/v2/models/half_plus_two/config", "/v2/models/half_plus_two/versions/1/config"}) {
    EXPECT_EQ(Get(path).body, R"({"name":"half_plus_two","platform":"tensorflow_savedmodel","backend":"tensorflow",)"
                              R"("max_batch_size":0,)"
                              R"("input":[{"name":"x","data_type":"TYPE_FP32","dims":[-1],"optional":false}],)"
                              R"("output":[{"name":"y","data_type":"TYPE_FP32","dims":[-1]}],)"
                              R"("default_model_filename":"saved_model.pb"})");
  }
  EXPECT_EQ(Get("/v2/models/nobody/config").status, 404);
}

TEST_F(KServeRestTest, CountsHowOftenEachVersionIsAsked) {
  const std::string never = R"("last_inference":0,"inference_count":0,"execution_count":0,"inference_stats":{)"
                            R"("success":{"count":0,"ns":0},"fail":{"count":0,"ns":0},"queue":{"count":0,"ns":0},)"
                            R"("compute_input":{"count":0,"ns":0},"compute_infer":{"count":0,"ns":0},)"
                            R"("compute_output":{"count":0,"ns":0}},"batch_stats":[]})";
  EXPECT_EQ(Get("/v2/models/half_plus_two/stats").body,
            absl::StrCat(R"({"model_stats":[{"name":"half_plus_two","version":"2",)", never,
                         R"(,{"name":"half_plus_two","version":"1",)", never, "]}"));
  EXPECT_EQ(Post(kInfer, kX).status, 200);
  const std::string asked = Get("/v2/models/stats").body;
  EXPECT_THAT(asked, HasSubstr(R"("inference_count":2,"execution_count":1,"inference_stats":{"success":{"count":1,)"));
  EXPECT_THAT(asked, HasSubstr(absl::StrCat(R"({"name":"half_plus_two","version":"1",)", never)));
  EXPECT_EQ(Get("/v2/models/half_plus_two/versions/stable/stats").body,
            absl::StrCat(R"({"model_stats":[{"name":"half_plus_two","version":"1",)", never, "]}"));
  EXPECT_EQ(Get("/v2/models/nobody/stats").status, 404);
  EXPECT_EQ(Get("/v2/models/half_plus_two/versions/9/stats").status, 404);
}

TEST_F(KServeRestTest, ListsEveryModelWithItsVersions) {
  const std::string ready = R"({"name":"half_plus_two","version":"2","state":"READY"},)"
                            R"({"name":"half_plus_two","version":"1","state":"READY"})";
  for (const char* body : {"", "{}", R"({"ready": false})", R"({"ready": null})"}) {
    EXPECT_EQ(Post("/v2/repository/index", body).body,
              absl::StrCat(R"([{"name":"half_plus_two","version":"3","state":"LOADING"},)", ready,
                           R"(,{"name":"half_plus_two","version":"0","state":"UNAVAILABLE","reason":"unloaded"},)"
                           R"({"name":"broken","version":"1","state":"UNAVAILABLE","reason":"no such file"},)"
                           R"({"name":"nowhere","state":"UNAVAILABLE","reason":"there is no /models/nowhere"}])"))
        << body;
  }
  EXPECT_EQ(Post("/v2/repository/index", R"({"ready": true})").body, absl::StrCat("[", ready, "]"));
  EXPECT_EQ(Post("/v2/repository/index", R"({"ready": 1})").status, 400);
  EXPECT_EQ(Post("/v2/repository/index", "[").status, 400);
  EXPECT_EQ(Get("/v2/repository/index").status, 405);
}

TEST_F(KServeRestTest, NamesTheServiceThatLoadsModels) {
  for (const char* verb : {"load", "unload"}) {
    const HttpResponse response = Post(absl::StrCat("/v2/repository/models/half_plus_two/", verb), "{}");
    EXPECT_EQ(response.status, 501);
    EXPECT_THAT(response.body, HasSubstr("trilho.management.ModelManagementService"));
  }
  EXPECT_EQ(Post("/v2/repository/models/half_plus_two", "").status, 404);
  EXPECT_EQ(Post("/v2/repository/", "").status, 404);
}

TEST_F(KServeRestTest, TheRepositoryIsForThePortOfTheManagement) {
  const KServeRest rest(&predictor_, models_->manager(), &hooks_, &closed_repository_, [this] { return ready_; });
  const HttpRouter router(rest.Routes());
  const auto ask = [&router](const std::string& method, const std::string& path) {
    return Answer(router, method, path);
  };
  EXPECT_EQ(ask("POST", "/v2/repository/index").status, 403);
  EXPECT_EQ(ask("POST", "/v2/repository/models/half_plus_two/load").status, 403);
  EXPECT_EQ(ask("GET", "/v2/models/stats").status, 403);
  EXPECT_EQ(ask("GET", "/v2/models/half_plus_two/stats").status, 403);
  EXPECT_EQ(ask("GET", "/v2/models/half_plus_two/config").status, 200);
}

TEST_F(KServeRestTest, Infers) {
  const HttpResponse response = Post(kInfer, kX);
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.content_type, "application/json");
  EXPECT_TRUE(response.headers.empty());
  EXPECT_EQ(response.body, R"({"model_name":"half_plus_two","model_version":"2","outputs":[)"
                           R"({"name":"y","datatype":"FP32","shape":[2],"data":[5.0,1.0]}]})");
  for (const char* version : {"1", "stable"}) {
    EXPECT_EQ(Post(absl::StrCat("/v2/models/half_plus_two/versions/", version, "/infer"), kX).body,
              R"({"model_name":"half_plus_two","model_version":"1","outputs":[)"
              R"({"name":"y","datatype":"FP32","shape":[2],"data":[4.0,0.0]}]})");
  }
}

TEST_F(KServeRestTest, RunsTheSignatureThatAParameterNames) {
  const char* const inputs = R"("parameters": {"signature_name": "add"}, "inputs": [
      {"name": "b", "datatype": "FP32", "shape": [1], "data": [3]},
      {"name": "a", "datatype": "FP32", "shape": [1], "data": [10]}])";
  EXPECT_EQ(Post("/v2/models/mnist_like/infer", absl::StrCat(R"({"id": "7", )", inputs, "}")).body,
            R"({"model_name":"mnist_like","model_version":"1","id":"7","outputs":[)"
            R"({"name":"difference","datatype":"FP32","shape":[1],"data":[7.0]},)"
            R"({"name":"sum","datatype":"FP32","shape":[1],"data":[13.0]}]})");
  EXPECT_EQ(Post("/v2/models/mnist_like/infer", absl::StrCat(R"({"outputs": [{"name": "sum"}], )", inputs, "}")).body,
            R"({"model_name":"mnist_like","model_version":"1","outputs":[)"
            R"({"name":"sum","datatype":"FP32","shape":[1],"data":[13.0]}]})");
}

TEST_F(KServeRestTest, TakesAndGivesTensorsInBytes) {
  const std::string json = R"({"inputs": [{"name": "x", "datatype": "FP32", "shape": [2],
      "parameters": {"binary_data_size": 8}}], "parameters": {"binary_data_output": true}})";
  const HttpResponse response =
      Ask("POST", kInfer, json + RawFloats({4, -4}), {{kJsonSize, absl::StrCat(json.size())}});
  const std::string head = R"({"model_name":"half_plus_two","model_version":"2","outputs":[)"
                           R"({"name":"y","datatype":"FP32","shape":[2],"parameters":{"binary_data_size":8}}]})";
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.content_type, "application/octet-stream");
  EXPECT_THAT(response.headers, ElementsAre(Pair(kJsonSize, absl::StrCat(head.size()))));
  EXPECT_EQ(response.body, head + RawFloats({5, 1}));
}

TEST_F(KServeRestTest, EitherSideAloneMayBeInBytes) {
  const std::string in = R"({"inputs": [{"name": "x", "datatype": "FP32", "shape": [2],
      "parameters": {"binary_data_size": 8}}]})";
  const HttpResponse json = Ask("POST", kInfer, in + RawFloats({4, -4}), {{kJsonSize, absl::StrCat(in.size())}});
  EXPECT_EQ(json.content_type, "application/json");
  EXPECT_THAT(json.body, HasSubstr("\"data\":[5.0,1.0]"));
  const HttpResponse bytes = Post(kInfer, R"({"inputs": [{"name": "x", "datatype": "FP32", "shape": [2],
      "data": [4, -4]}], "outputs": [{"name": "y", "parameters": {"binary_data": true}}]})");
  EXPECT_EQ(bytes.content_type, "application/octet-stream");
  EXPECT_EQ(bytes.body.substr(bytes.body.size() - 8), RawFloats({5, 1}));
}

TEST_F(KServeRestTest, ATensorInBytesHasItsHeaderEvenIfItIsEmpty) {
  const HttpResponse response = Post(kInfer, R"({"inputs": [{"name": "x", "datatype": "FP32", "shape": [0],
      "data": []}], "parameters": {"binary_data_output": true}})");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.content_type, "application/octet-stream");
  EXPECT_THAT(response.headers, ElementsAre(Pair(kJsonSize, absl::StrCat(response.body.size()))));
}

TEST_F(KServeRestTest, TheSizeOfTheJsonMustBeOne) {
  for (const char* size : {"x", "-1", "1e3", "100000", "99999999999999999999"}) {
    const HttpResponse response = Ask("POST", kInfer, kX, {{kJsonSize, size}});
    EXPECT_EQ(response.status, 400) << size;
    EXPECT_THAT(response.body, HasSubstr(absl::StrCat(kJsonSize, " is \\\"", size, "\\\"; it must be a number")));
  }
}

TEST_F(KServeRestTest, SaysWhatIsWrong) {
  const auto error = [this](const std::string& path, const std::string& body, int status) {
    const HttpResponse response = Post(path, body);
    EXPECT_EQ(response.status, status) << response.body;
    EXPECT_EQ(response.content_type, "application/json");
    return response.body;
  };
  EXPECT_EQ(error(kInfer, "{", 400),
            R"({"error": "JSON Parse error: Missing a name for object member. at offset: 1"})");
  EXPECT_EQ(error(kInfer, R"({"inputs": []})", 400), R"({"error": "input \"x\" is missing; the inputs are: x"})");
  EXPECT_EQ(error("/v2/models/nobody/infer", kX, 404), ErrorBody("Servable not found for request: Latest(nobody)"));
  EXPECT_EQ(error("/v2/models/broken/infer", kX, 404), ErrorBody("Servable not found for request: Latest(broken)"));
  EXPECT_EQ(error("/v2/models/half_plus_two/versions/best/infer", kX, 400),
            R"({"error": "Unrecognized servable version label: best"})");
  EXPECT_EQ(error("/v2/models/half_plus_two/versions/9/infer", kX, 404),
            ErrorBody("Servable not found for request: Specific(half_plus_two, 9)"));
  EXPECT_EQ(error(kInfer, R"({"inputs": [], "parameters": {"signature_name": "other"}})", 400),
            R"x({"error": "Serving signature key \"other\" not found. (signatures: serving_default)"})x");
}

TEST_F(KServeRestTest, PathsThatAreNoneAreNotFound) {
  for (const char* path :
       {"/v2/", "/v2/other", "/v2/health", "/v2/health/live/", "/v2/models", "/v2/models/", "/v2/models//ready",
        "/v2/models/half_plus_two/", "/v2/models/half_plus_two/other", "/v2/models/half_plus_two/versions",
        "/v2/models/half_plus_two/versions/", "/v2/models/half_plus_two/versions/1/", "/v2/models/../half_plus_two",
        "/v2/models/half_plus_two/ready/x", "/v2/models/..%2f..%2fetc", "/v2/models/%2e%2e",
        "/v2/models/half_plus_two%00", "/v2/models/%ff"}) {
    EXPECT_EQ(Get(path).status, 404) << path;
  }
  EXPECT_EQ(Get("/v2/models/%4").status, 400);
  EXPECT_EQ(Get("/v2/models/%zz/ready").status, 400);
}

TEST_F(KServeRestTest, OtherMethodsAreNotAllowed) {
  const auto allowed = [this](const std::string& method, const std::string& path) {
    const HttpResponse response = Ask(method, path);
    EXPECT_EQ(response.status, 405) << method << " " << path << ": " << response.body;
    EXPECT_THAT(response.body, HasSubstr("405: use ")) << path;
    return response.headers.empty() ? "" : response.headers[0].second;
  };
  EXPECT_EQ(allowed("GET", kInfer), "POST");
  for (const char* path :
       {"/v2", "/v2/health/live", "/v2/health/ready", "/v2/models/half_plus_two", "/v2/models/half_plus_two/versions/1",
        "/v2/models/half_plus_two/ready", "/v2/models/half_plus_two/config", "/v2/models/half_plus_two/stats"}) {
    EXPECT_EQ(allowed("POST", path), "GET, HEAD");
    EXPECT_EQ(allowed("DELETE", path), "GET, HEAD");
    EXPECT_EQ(Ask("HEAD", path).status, 200) << path;
  }
}

TEST_F(KServeRestTest, TellsOfEveryInference) {
  const std::string trace = "00-0123456789abcdef0123456789abcdef-0123456789abcdef-01";
  Ask("POST", kInfer, kX, {{"traceparent", trace}});
  Post(kInfer, "{");
  Post("/v2/models/nobody/infer", kX);
  Get("/v2/models/half_plus_two");
  ASSERT_EQ(notes_.records().size(), 3u);
  const InferenceRecord& good = notes_.records()[0];
  EXPECT_EQ(good.method, "infer");
  EXPECT_EQ(good.protocol, Protocol::kRest);
  EXPECT_EQ(good.model, "half_plus_two");
  EXPECT_EQ(good.version, 2);
  EXPECT_EQ(good.signature, "serving_default");
  EXPECT_EQ(good.examples, 2);
  EXPECT_EQ(good.trace_id, "0123456789abcdef0123456789abcdef");
  EXPECT_TRUE(good.status.ok());
  EXPECT_EQ(notes_.records()[1].model, "half_plus_two");
  EXPECT_EQ(notes_.records()[1].status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(notes_.records()[2].model, "nobody");
  EXPECT_EQ(notes_.records()[2].status.code(), absl::StatusCode::kNotFound);
}

TEST_F(KServeRestTest, DoesNotRunWhatNobodyWaitsFor) {
  const SharedEndpoint infer = Match(router_, "POST", kInfer);
  const auto late = std::make_shared<FakeHttpCall>("POST", kInfer, kX);
  late->set_deadline(std::chrono::steady_clock::now() - std::chrono::seconds(1));
  infer->handle(late);
  EXPECT_EQ(late->response().status, 504);
  const auto gone = std::make_shared<FakeHttpCall>("POST", kInfer, kX);
  gone->Cancel();
  infer->handle(gone);
  EXPECT_EQ(gone->response().status, 499);
}

TEST_F(KServeRestTest, TellsOfAnInferenceThatTheFrontRefuses) {
  const FakeHttpCall call("POST", kInfer, kX);
  router_.Match(call)->refused(call, absl::ResourceExhaustedError("no room"));
  ASSERT_EQ(notes_.records().size(), 1u);
  EXPECT_EQ(notes_.records()[0].method, "infer");
  EXPECT_EQ(notes_.records()[0].model, "half_plus_two");
  EXPECT_EQ(notes_.records()[0].status, absl::ResourceExhaustedError("no room"));
  EXPECT_FALSE(Match(router_, "GET", "/v2/models/half_plus_two")->refused) << "it is no inference";
}

}  // namespace
}  // namespace trilho
