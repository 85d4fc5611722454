// TF Serving's REST API, over real models.

#include "cpp_server/rest/rest_service.h"

#include <memory>
#include <string>
#include <vector>

#include "cpp_server/http/fake_http_call.h"
#include "cpp_server/http/http_router.h"
#include "cpp_server/http/http_status.h"
#include "cpp_server/inference/fake_request_logger.h"
#include "cpp_server/testing/served_models.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tensorflow_serving/apis/classification.pb.h"
#include "tensorflow_serving/apis/predict.pb.h"

namespace trilho {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;

constexpr char kPredict[] = "/v1/models/half:predict";

class Records final : public InferenceObserver {
 public:
  void OnEnd(const InferenceRecord& record) override { ended.push_back(record); }
  std::vector<InferenceRecord> ended;
};

class RestServiceTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    models_ = new ServedModels;
    ASSERT_TRUE(models_->Serve("half", "half_plus_two", {1, 2}));
    ASSERT_TRUE(models_->Serve("census", "census_like", {1}));
  }
  static void TearDownTestSuite() {
    delete models_;
    models_ = nullptr;
  }

  RestServiceTest() : rest_(models_->predictor(), models_->manager(), &hooks_), router_(rest_.Routes()) {
    hooks_.observers = {&records_};
    hooks_.logger = &logger_;
  }

  inline static ServedModels* models_ = nullptr;
  Records records_;
  FakeRequestLogger logger_;
  InferenceHooks hooks_;
  const RestService rest_;
  const HttpRouter router_;
};

TEST_F(RestServiceTest, OnlyAnInferenceDoesTheWorkOfAModelAndReadsABody) {
  for (const char* const path : {kPredict, "/v1/models/half:classify", "/v1/models/half/versions/1:regress"}) {
    const SharedEndpoint endpoint = Match(router_, "POST", path);
    EXPECT_EQ(endpoint->plane, Plane::kData) << path;
    EXPECT_TRUE(endpoint->takes_body) << path;
  }
  for (const char* const path : {"/v1/models/half", "/v1/models/half/metadata", "/v1/other"}) {
    const SharedEndpoint endpoint = Match(router_, "GET", path);
    EXPECT_EQ(endpoint->plane, Plane::kControl) << path;
    EXPECT_FALSE(endpoint->takes_body) << path;
  }
  const SharedEndpoint malformed = Match(router_, "POST", "/v1/models/half:prophesy");
  EXPECT_FALSE(malformed->takes_body);
  EXPECT_FALSE(malformed->refused) << "nothing would have run";
}

TEST_F(RestServiceTest, AnswersAsTfServingDoes) {
  EXPECT_EQ(Answer(router_, "POST", kPredict, R"({"instances": [4]})").status, 200);
  EXPECT_THAT(Answer(router_, "GET", "/v1/models/half").body, HasSubstr("\"AVAILABLE\""));
  EXPECT_THAT(Answer(router_, "GET", "/v1/models/half/metadata").body, HasSubstr("\"signature_def\""));
  EXPECT_EQ(Answer(router_, "GET", "/v1/models/nobody").status, 404);
  EXPECT_EQ(Answer(router_, "GET", "/v1/models/nobody/metadata").status, 404);
  const HttpResponse malformed = Answer(router_, "PUT", kPredict, "{}");
  EXPECT_EQ(malformed.status, 400);
  EXPECT_EQ(malformed.body, ErrorBody("Malformed request: PUT /v1/models/half:predict"));
  EXPECT_EQ(Answer(router_, "OPTIONS", kPredict, "", {{"Origin", "https://example.org"}}).status, 200);
}

TEST_F(RestServiceTest, RecordsEveryInferenceUnderTfServingsNameForIt) {
  Answer(router_, "POST", kPredict, R"({"instances": [4, 5]})");
  Answer(router_, "POST", "/v1/models/nobody:classify", R"({"examples": [{"x": 1.0}]})");
  Answer(router_, "GET", "/v1/models/half");
  ASSERT_THAT(records_.ended, SizeIs(2));
  EXPECT_EQ(records_.ended[0].method, "predict");
  EXPECT_EQ(records_.ended[0].model, "half");
  EXPECT_EQ(records_.ended[0].version, 2);
  EXPECT_EQ(records_.ended[0].examples, 2);
  EXPECT_EQ(records_.ended[1].method, "classify");
  EXPECT_EQ(records_.ended[1].model, "nobody");
  EXPECT_EQ(records_.ended[1].status.code(), absl::StatusCode::kNotFound);
  const FakeHttpCall refused("POST", kPredict);
  router_.Match(refused)->refused(refused, absl::ResourceExhaustedError("no room"));
  ASSERT_THAT(records_.ended, SizeIs(3));
  EXPECT_EQ(records_.ended[2].method, "predict");
  EXPECT_EQ(records_.ended[2].model, "half");
}

TEST_F(RestServiceTest, LogsEachRequestAsTheMessageThatPredictionServiceHasForIt) {
  EXPECT_EQ(Answer(router_, "POST", kPredict, R"({"instances": [4]})").status, 200);
  const HttpResponse classified = Answer(router_, "POST", "/v1/models/census:classify",
                                         R"({"signature_name": "classify", "examples": [{"x": 0.5}]})");
  EXPECT_EQ(classified.status, 200) << classified.body;
  EXPECT_EQ(Answer(router_, "POST", kPredict, R"({"instances": ["x"]})").status, 400) << "which is not logged";
  const auto logged = logger_.logged();
  ASSERT_THAT(logged, SizeIs(2));
  EXPECT_EQ(logged[0].kind, PredictionLogField::kPredict);
  tensorflow::serving::PredictRequest predict;
  ASSERT_TRUE(predict.ParseFromString(logged[0].request));
  EXPECT_EQ(predict.model_spec().name(), "half");
  EXPECT_EQ(predict.inputs().count("x"), 1U);
  EXPECT_EQ(logged[1].kind, PredictionLogField::kClassify) << "and not the Predict that it amounts to besides";
  tensorflow::serving::ClassificationRequest classify;
  ASSERT_TRUE(classify.ParseFromString(logged[1].request));
  EXPECT_EQ(classify.input().example_list().examples_size(), 1);
  tensorflow::serving::ClassificationResponse response;
  ASSERT_TRUE(response.ParseFromString(logged[1].response));
  EXPECT_EQ(response.result().classifications_size(), 1);
}

}  // namespace
}  // namespace trilho
