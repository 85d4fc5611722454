// What fits a contract, by the server's check of a version; cases_test.py asks `trilho check` the same.

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "cpp_server/contracts/compiled_for_test.h"
#include "cpp_server/contracts/contract_check.h"
#include "gtest/gtest.h"
#include "rapidjson/document.h"
#include "tensorflow/c/c_api.h"
#include "tensorflow/core/protobuf/meta_graph.pb.h"
#include "trilho/contract.pb.h"

namespace trilho {
namespace {

using rapidjson::Value;

TF_DataType TypeOf(const Value& name) {
  contract::DataType type = contract::FIELD;
  EXPECT_TRUE(contract::DataType_Parse(name.GetString(), &type)) << name.GetString();
  return static_cast<TF_DataType>(type);
}

// [type, shape, encoding], of which the last two may be left out.
tensorflow::TensorInfo TensorOf(const Value& tensor) {
  tensorflow::TensorInfo info;
  info.set_dtype(static_cast<tensorflow::DataType>(TypeOf(tensor[0])));
  if (tensor.Size() > 1) {
    info.mutable_tensor_shape()->set_unknown_rank(tensor[1].IsNull());
    if (tensor[1].IsArray()) {
      for (const Value& size : tensor[1].GetArray()) {
        info.mutable_tensor_shape()->add_dim()->set_size(size.IsNull() ? -1 : size.GetInt64());
      }
    }
  }
  const std::string encoding = tensor.Size() > 2 ? tensor[2].GetString() : "plain";
  if (encoding == "plain") {
    info.set_name("tensor:0");
  } else if (encoding == "sparse") {
    info.mutable_coo_sparse();
  } else if (encoding == "composite") {
    info.mutable_composite_tensor();
  } else {
    EXPECT_EQ(encoding, "nothing");
  }
  return info;
}

// A graph of the one tensor that all are called by.
class Graph {
 public:
  Graph() : graph_(TF_NewGraph(), TF_DeleteGraph) {
    TF_OperationDescription* const description = TF_NewOperation(graph_.get(), "Placeholder", "tensor");
    TF_SetAttrType(description, "dtype", TF_FLOAT);
    const std::unique_ptr<TF_Status, decltype(&TF_DeleteStatus)> status(TF_NewStatus(), TF_DeleteStatus);
    TF_FinishOperation(description, status.get());
    EXPECT_EQ(TF_GetCode(status.get()), TF_OK) << TF_Message(status.get());
  }

  TF_Graph* get() const { return graph_.get(); }

 private:
  std::unique_ptr<TF_Graph, decltype(&TF_DeleteGraph)> graph_;
};

std::string WordOf(const Value& test, const char* word) { return test.HasMember(word) ? test[word].GetString() : ""; }

Signatures ModelOf(const Value& test) {
  tensorflow::MetaGraphDef meta_graph;
  const std::string name = WordOf(test, "signature");
  auto& signature = (*meta_graph.mutable_signature_def())[name.empty() ? "serving_default" : name];
  for (const auto& tensor : test["inputs"].GetObject()) {
    (*signature.mutable_inputs())[tensor.name.GetString()] = TensorOf(tensor.value);
  }
  for (const auto& tensor : test["outputs"].GetObject()) {
    (*signature.mutable_outputs())[tensor.name.GetString()] = TensorOf(tensor.value);
  }
  if (test.HasMember("defaults")) {
    for (const Value& alias : test["defaults"].GetArray()) {
      (*signature.mutable_defaults())[alias.GetString()].set_dtype(signature.inputs().at(alias.GetString()).dtype());
    }
  }
  // The check looks at no operation of it, and so it need not outlive this.
  const Graph graph;
  auto read = ReadSignatures(meta_graph.SerializeAsString(), graph.get());
  EXPECT_TRUE(read.ok()) << read.status();
  if (!read.ok()) return {};
  Signatures signatures = *std::move(read);
  if (!test.HasMember("features")) return signatures;
  signatures.features.emplace();
  for (const auto& feature : test["features"].GetObject()) {
    ExampleFeature& parsed = (*signatures.features)[feature.name.GetString()];
    parsed.type = TypeOf(feature.value[0]);
    if (!feature.value[1].IsNull()) parsed.count = feature.value[1].GetInt64();
    parsed.required = feature.value[2].GetBool();
  }
  return signatures;
}

std::string ProtoOf(const Value& test) {
  return TestProto(absl::StrCat("service S { rpc M(In) returns (Out) { option (trilho.contract.model) = { name: \"m\" ",
                                WordOf(test, "model"), " }; } } message In { ", WordOf(test, "request"),
                                " } message Out { ", WordOf(test, "response"), " } ", WordOf(test, "messages")));
}

// The elements that the lines of an error are about.
std::vector<std::string> WrongOf(const absl::Status& status) {
  std::vector<std::string> wrong;
  for (const absl::string_view line : absl::StrSplit(status.message(), '\n', absl::SkipEmpty())) {
    // "test.proto:8: test.S.M: test.In.x: ..." or without the field, or "test.desc: test.proto:8: test.In.x: ...".
    const std::vector<std::string> parts = absl::StrSplit(line, ": ");
    wrong.push_back(parts.size() > 2 && absl::StartsWith(parts[2], "test.") ? parts[2] : parts.at(1));
  }
  std::sort(wrong.begin(), wrong.end());
  return wrong;
}

std::vector<std::string> ElementsOf(const Value& elements) {
  std::vector<std::string> sorted;
  for (const Value& element : elements.GetArray()) sorted.emplace_back(element.GetString());
  std::sort(sorted.begin(), sorted.end());
  return sorted;
}

class ModelFitsTest : public ::testing::Test {
 protected:
  ModelFitsTest() {
    std::ifstream file(absl::StrCat(std::getenv("TEST_SRCDIR"), "/trilho/protos/cases/model_fits.json"));
    const std::string text(std::istreambuf_iterator<char>(file), {});
    EXPECT_FALSE(cases_.Parse(text.c_str()).HasParseError());
  }

  // Calls `run` with each case that has `key`.
  template <typename Run>
  void ForEachWith(const char* key, const Run& run) {
    int found = 0;
    for (const Value& test : cases_.GetArray()) {
      if (!test.HasMember(key)) continue;
      SCOPED_TRACE(test["name"].GetString());
      run(test);
      ++found;
    }
    EXPECT_GT(found, 0);
  }

 private:
  rapidjson::Document cases_;
};

TEST_F(ModelFitsTest, WhatDoesNotFitIsNamed) {
  ForEachWith("wrong", [](const Value& test) {
    const CompiledProto compiled(ProtoOf(test));
    const absl::Status status = CheckContract(compiled.method(), ModelOf(test));
    EXPECT_TRUE(status.ok() || absl::IsFailedPrecondition(status)) << status;
    EXPECT_EQ(WrongOf(status), ElementsOf(test["wrong"])) << status;
  });
}

TEST_F(ModelFitsTest, WhatContradictsItselfIsNamed) {
  ForEachWith("contradictions", [](const Value& test) {
    const absl::Status status = ReadContracts(CompileProto(ProtoOf(test)), "test.desc").status();
    EXPECT_TRUE(absl::IsInvalidArgument(status)) << status;
    EXPECT_EQ(WrongOf(status), ElementsOf(test["contradictions"])) << status;
  });
}

}  // namespace
}  // namespace trilho
