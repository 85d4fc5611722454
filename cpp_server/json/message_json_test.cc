#include "cpp_server/json/message_json.h"

#include <string>

#include "cpp_server/json/json_document.h"
#include "gtest/gtest.h"
#include "tensorflow_serving/apis/get_model_metadata.pb.h"
#include "tensorflow_serving/apis/get_model_status.pb.h"

namespace trilho {
namespace {

// What was written, parsed again: clients rely on no layout.
JsonDocument Written(const google::protobuf::Message& message) {
  JsonDocument document;
  const auto json = WriteMessage(message);
  EXPECT_TRUE(json.ok()) << json.status();
  if (json.ok()) {
    EXPECT_TRUE(ParseJsonObject(*json, &document).ok()) << *json;
  }
  return document;
}

TEST(MessageJsonTest, WritesEmptyFieldsEnumNamesAndLongIntegersAsStrings) {
  tensorflow::serving::GetModelStatusResponse response;
  auto* version = response.add_model_version_status();
  version->set_version(9007199254740993);
  version->set_state(tensorflow::serving::ModelVersionStatus::AVAILABLE);
  version->mutable_status();
  EXPECT_EQ(JsonDebugString(Written(response)["model_version_status"][0]),
            R"({"version": "9007199254740993", "state": "AVAILABLE", )"
            R"("status": {"error_code": "OK", "error_message": ""}})");
}

TEST(MessageJsonTest, WritesNoListAsAnEmptyOne) {
  EXPECT_EQ(JsonDebugString(Written(tensorflow::serving::GetModelStatusResponse())), R"({"model_version_status": []})");
}

TEST(MessageJsonTest, WritesSignaturesInsideAnAny) {
  tensorflow::serving::SignatureDefMap signatures;
  auto& signature = (*signatures.mutable_signature_def())["serving_default"];
  (*signature.mutable_inputs())["x"].set_dtype(tensorflow::DT_FLOAT);
  tensorflow::serving::GetModelMetadataResponse response;
  (*response.mutable_metadata())["signature_def"].PackFrom(signatures);
  const JsonDocument document = Written(response);
  const JsonValue& any = document["metadata"]["signature_def"];
  EXPECT_STREQ(any["@type"].GetString(), "type.googleapis.com/tensorflow.serving.SignatureDefMap");
  EXPECT_STREQ(any["signature_def"]["serving_default"]["inputs"]["x"]["dtype"].GetString(), "DT_FLOAT");
}

TEST(MessageJsonTest, AnAnyOfAnUnknownTypeIsAnError) {
  tensorflow::serving::GetModelMetadataResponse response;
  (*response.mutable_metadata())["x"].set_type_url("type.googleapis.com/trilho.Nothing");
  (*response.mutable_metadata())["x"].set_value("\x08\x01");
  EXPECT_EQ(WriteMessage(response).status().code(), absl::StatusCode::kInternal);
}

}  // namespace
}  // namespace trilho
