// GetModelMetadata and GetModelStatus: TF Serving's semantics, codes and texts.

#include <string>
#include <vector>

#include "cpp_server/rpc/fake_unary_call.h"
#include "cpp_server/services/model_service.h"
#include "cpp_server/services/prediction_service.h"
#include "cpp_server/testing/served_models.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tensorflow_serving/apis/get_model_metadata.pb.h"
#include "tensorflow_serving/apis/get_model_status.pb.h"

namespace trilho {
namespace {

using tensorflow::serving::GetModelMetadataRequest;
using tensorflow::serving::GetModelMetadataResponse;
using tensorflow::serving::GetModelStatusRequest;
using tensorflow::serving::GetModelStatusResponse;
using tensorflow::serving::ModelVersionStatus;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class GetModelMetadataTest : public ::testing::Test {
 protected:
  GetModelMetadataTest() : service_(PredictionService(models_.predictor(), &hooks_)) {
    EXPECT_TRUE(models_.Serve("half_plus_two", "half_plus_two", {1, 2}));
    request_.mutable_model_spec()->set_name("half_plus_two");
    request_.add_metadata_field("signature_def");
  }

  absl::StatusOr<GetModelMetadataResponse> Ask() {
    return Answer<GetModelMetadataResponse>(service_, "GetModelMetadata", request_);
  }

  ServedModels models_;
  const InferenceHooks hooks_;
  const ServiceDefinition service_;
  GetModelMetadataRequest request_;
};

TEST_F(GetModelMetadataTest, GivesTheSignatures) {
  const auto response = Ask();
  ASSERT_TRUE(response.ok()) << response.status();
  EXPECT_EQ(response->model_spec().name(), "half_plus_two");
  EXPECT_EQ(response->model_spec().version().value(), 2);
  EXPECT_EQ(response->model_spec().signature_name(), "");
  ASSERT_EQ(response->metadata().count("signature_def"), 1u);
  tensorflow::serving::SignatureDefMap map;
  ASSERT_TRUE(response->metadata().at("signature_def").UnpackTo(&map));
  const auto& signature = map.signature_def().at("serving_default");
  EXPECT_EQ(signature.inputs().at("x").dtype(), tensorflow::DT_FLOAT);
  EXPECT_EQ(signature.outputs().count("y"), 1u);
  EXPECT_EQ(signature.method_name(), "tensorflow/serving/predict");
}

TEST_F(GetModelMetadataTest, GivesThoseOfTheVersionAskedFor) {
  request_.mutable_model_spec()->mutable_version()->set_value(1);
  const auto response = Ask();
  ASSERT_TRUE(response.ok()) << response.status();
  EXPECT_EQ(response->model_spec().version().value(), 1);
}

TEST_F(GetModelMetadataTest, SaysWhatIsWrongWithTheRequest) {
  request_.set_metadata_field(0, "assets");
  EXPECT_EQ(Ask().status(), absl::InvalidArgumentError("Metadata field assets is not supported"));
  request_.clear_metadata_field();
  EXPECT_EQ(Ask().status(),
            absl::InvalidArgumentError("GetModelMetadataRequest must specify at least one metadata_field"));
  request_.add_metadata_field("signature_def");
  request_.mutable_model_spec()->set_name("nobody");
  EXPECT_EQ(Ask().status(), absl::NotFoundError("Servable not found for request: Latest(nobody)"));
  request_.mutable_model_spec()->set_name("half_plus_two");
  request_.mutable_model_spec()->mutable_version()->set_value(7);
  EXPECT_EQ(Ask().status(), absl::NotFoundError("Servable not found for request: Specific(half_plus_two, 7)"));
  request_.mutable_model_spec()->set_version_label("stable");
  EXPECT_EQ(Ask().status(), absl::InvalidArgumentError("Unrecognized servable version label: stable"));
  request_.mutable_model_spec()->Clear();
  EXPECT_EQ(Ask().status(), absl::InvalidArgumentError("ModelSpec has no name specified."));
  request_.clear_model_spec();
  EXPECT_EQ(Ask().status(), absl::InvalidArgumentError("Missing ModelSpec"));
}

TEST_F(GetModelMetadataTest, RefusesBytesThatAreNoRequest) {
  FakeUnaryCall call("\x0a\xff");
  EXPECT_EQ(Answer(service_, "GetModelMetadata", &call).status(),
            absl::InvalidArgumentError("the request is not a tensorflow.serving.GetModelMetadataRequest"));
}

class GetModelStatusTest : public ::testing::Test {
 protected:
  GetModelStatusTest() : service_(ModelService(models_.manager(), {})) { request_.mutable_model_spec()->set_name("m"); }

  absl::StatusOr<GetModelStatusResponse> Ask() {
    return Answer<GetModelStatusResponse>(service_, "GetModelStatus", request_);
  }
  static std::vector<int64_t> Versions(const GetModelStatusResponse& response) {
    std::vector<int64_t> versions;
    for (const auto& status : response.model_version_status()) versions.push_back(status.version());
    return versions;
  }

  ServedModels models_;
  const InferenceHooks hooks_;
  const ServiceDefinition service_;
  GetModelStatusRequest request_;
};

TEST_F(GetModelStatusTest, ListsVersionsHighestFirst) {
  ASSERT_TRUE(models_.Serve("m", "half_plus_two", {1, 2}));
  const auto response = Ask();
  ASSERT_TRUE(response.ok()) << response.status();
  EXPECT_THAT(Versions(*response), ElementsAre(2, 1));
  for (const auto& status : response->model_version_status()) {
    EXPECT_EQ(status.state(), ModelVersionStatus::AVAILABLE);
    EXPECT_EQ(status.status().error_code(), tensorflow::error::OK);
    EXPECT_EQ(status.status().error_message(), "");
  }
  request_.mutable_model_spec()->mutable_version()->set_value(1);
  EXPECT_THAT(Versions(*Ask()), ElementsAre(1));
}

TEST_F(GetModelStatusTest, IgnoresALabelAsTFServingDoes) {
  ASSERT_TRUE(models_.Serve("m", "half_plus_two", {1}));
  request_.mutable_model_spec()->set_version_label("stable");
  const auto response = Ask();
  ASSERT_TRUE(response.ok()) << response.status();
  EXPECT_THAT(Versions(*response), ElementsAre(1));
}

TEST_F(GetModelStatusTest, SaysWhyAVersionFailed) {
  AspiredVersions aspired;
  aspired.model = "m";
  aspired.aspired = {{3, "/no/such/model"}};
  models_.manager()->SetAspiredVersions(aspired);
  EXPECT_FALSE(models_.manager()->WaitUntilSettled({"m"}, std::chrono::minutes(1)));
  const auto response = Ask();
  ASSERT_TRUE(response.ok()) << response.status();
  ASSERT_EQ(response->model_version_status_size(), 1);
  const ModelVersionStatus& status = response->model_version_status(0);
  EXPECT_EQ(status.version(), 3);
  EXPECT_EQ(status.state(), ModelVersionStatus::END);
  EXPECT_EQ(status.status().error_code(), tensorflow::error::NOT_FOUND);
  EXPECT_THAT(status.status().error_message(), HasSubstr("/no/such/model"));
}

TEST_F(GetModelStatusTest, ListsWhatItsSourceRejects) {
  AspiredVersions aspired;
  aspired.model = "m";
  aspired.rejected = {{4, absl::DataLossError("checksum of saved_model.pb differs")}};
  models_.manager()->SetAspiredVersions(aspired);
  const auto response = Ask();
  ASSERT_TRUE(response.ok()) << response.status();
  ASSERT_EQ(response->model_version_status_size(), 1);
  EXPECT_EQ(response->model_version_status(0).state(), ModelVersionStatus::END);
  EXPECT_EQ(response->model_version_status(0).status().error_code(), tensorflow::error::DATA_LOSS);
  EXPECT_EQ(response->model_version_status(0).status().error_message(), "checksum of saved_model.pb differs");
}

TEST_F(GetModelStatusTest, SaysWhatIsWrongWithTheRequest) {
  ASSERT_TRUE(models_.Serve("m", "half_plus_two", {1}));
  request_.mutable_model_spec()->mutable_version()->set_value(7);
  EXPECT_EQ(Ask().status(), absl::NotFoundError("Could not find version 7 of model m"));
  request_.mutable_model_spec()->Clear();
  EXPECT_EQ(Ask().status(), absl::InvalidArgumentError("ModelSpec has no name specified."));
  request_.mutable_model_spec()->set_name("nobody");
  EXPECT_EQ(Ask().status(), absl::NotFoundError("Could not find any versions of model nobody"));
  request_.clear_model_spec();
  EXPECT_EQ(Ask().status(), absl::InvalidArgumentError("Missing ModelSpec"));
}

}  // namespace
}  // namespace trilho
