#include "cpp_server/tensorflow/signature.h"

#include <map>
#include <memory>
#include <string>

#include "cpp_server/tensorflow/tf_status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tensorflow/core/protobuf/meta_graph.pb.h"

namespace trilho {
namespace {

using ::testing::ElementsAre;
using ::testing::Pair;

// A graph of one placeholder "x", and MetaGraphDefs about it.
class SignatureTest : public ::testing::Test {
 protected:
  SignatureTest() {
    TF_OperationDescription* description = TF_NewOperation(graph_.get(), "Placeholder", "x");
    TF_SetAttrType(description, "dtype", TF_FLOAT);
    TfStatus status;
    TF_FinishOperation(description, status.get());
    EXPECT_TRUE(status.ok()) << status.ToStatus();
  }

  // An input of the signature "s".
  tensorflow::TensorInfo* AddInput(const std::string& alias, const std::string& tensor_name) {
    tensorflow::TensorInfo& info = (*(*meta_graph_.mutable_signature_def())["s"].mutable_inputs())[alias];
    info.set_name(tensor_name);
    info.set_dtype(tensorflow::DT_FLOAT);
    return &info;
  }
  tensorflow::TensorInfo* AddOutput(const std::string& alias, const std::string& tensor_name) {
    tensorflow::TensorInfo& info = (*(*meta_graph_.mutable_signature_def())["s"].mutable_outputs())[alias];
    info.set_name(tensor_name);
    info.set_dtype(tensorflow::DT_FLOAT);
    return &info;
  }
  absl::StatusOr<Signatures> Read() { return ReadSignatures(meta_graph_.SerializeAsString(), graph_.get()); }
  absl::Status ReasonForNotSupporting() {
    const auto signatures = Read();
    if (!signatures.ok()) return signatures.status();
    EXPECT_TRUE(signatures->by_name.empty());
    const auto found = signatures->unsupported.find("s");
    return found == signatures->unsupported.end() ? absl::OkStatus() : found->second;
  }

  struct DeleteGraph {
    void operator()(TF_Graph* graph) const { TF_DeleteGraph(graph); }
  };
  std::unique_ptr<TF_Graph, DeleteGraph> graph_{TF_NewGraph()};
  tensorflow::MetaGraphDef meta_graph_;
};

TEST_F(SignatureTest, ATensorWithoutAShapeMayHaveAny) {
  AddInput("a", "x");
  const auto signatures = Read();
  ASSERT_TRUE(signatures.ok()) << signatures.status();
  const TensorInfo& input = signatures->by_name.find("s")->second.inputs[0];
  EXPECT_FALSE(input.shape.has_value());
  EXPECT_TRUE(input.Accepts({2, 3}));
}

TEST_F(SignatureTest, ResolvesTensorsInTheGraphAndSortsThemByAlias) {
  AddInput("b", "x:0")->mutable_tensor_shape()->add_dim()->set_size(-1);
  AddInput("a", "x")->mutable_tensor_shape()->set_unknown_rank(true);
  const auto signatures = Read();
  ASSERT_TRUE(signatures.ok()) << signatures.status();
  ASSERT_EQ(signatures->by_name.count("s"), 1u);
  const Signature& signature = signatures->by_name.find("s")->second;
  ASSERT_EQ(signature.inputs.size(), 2u);
  EXPECT_EQ(signature.inputs[0].alias, "a");
  EXPECT_FALSE(signature.inputs[0].shape.has_value());
  EXPECT_EQ(signature.inputs[1].alias, "b");
  EXPECT_THAT(*signature.inputs[1].shape, ElementsAre(-1));
  EXPECT_NE(signature.inputs[1].output.oper, nullptr);
  EXPECT_EQ(Signature::Find(signature.inputs, "b"), 1);
  EXPECT_EQ(Signature::Find(signature.inputs, "c"), -1);
}

TEST_F(SignatureTest, LeavesOutWhatIsNotInTheGraph) {
  AddInput("a", "y:0");
  EXPECT_EQ(ReasonForNotSupporting(), absl::NotFoundError("\"a\" names y:0, which is not in the graph"));
  AddInput("a", "x:1");
  EXPECT_EQ(ReasonForNotSupporting(), absl::NotFoundError("\"a\" names x:1, which is not in the graph"));
  AddInput("a", "x:-1");
  EXPECT_EQ(ReasonForNotSupporting(), absl::NotFoundError("\"a\" names x:-1, which is not in the graph"));
  AddInput("a", "x:zero");
  EXPECT_EQ(ReasonForNotSupporting(), absl::InvalidArgumentError("\"a\" has a malformed tensor name x:zero"));
}

TEST_F(SignatureTest, LeavesOutSparseTensors) {
  AddInput("a", "")->mutable_coo_sparse()->set_values_tensor_name("x:0");
  EXPECT_EQ(ReasonForNotSupporting(), absl::UnimplementedError("\"a\" is a sparse or composite tensor"));
}

// It is run for some of its outputs, and one takes nothing from the others.
TEST_F(SignatureTest, KeepsTheOutputsBesideThoseThatCannotBeSent) {
  AddInput("x", "x:0");
  AddOutput("good", "x:0");
  AddOutput("sparse", "")->mutable_coo_sparse()->set_values_tensor_name("x:0");
  AddOutput("ragged", "")->mutable_composite_tensor();
  AddOutput("gone", "y:0");
  AddOutput("handle", "x:0")->set_dtype(tensorflow::DT_RESOURCE);
  const auto signatures = Read();
  ASSERT_TRUE(signatures.ok()) << signatures.status();
  ASSERT_EQ(signatures->by_name.count("s"), 1u);
  const Signature& signature = signatures->by_name.find("s")->second;
  std::map<std::string, std::string> reasons;
  for (const TensorInfo& output : signature.outputs) reasons[output.alias] = output.unsendable;
  EXPECT_THAT(reasons,
              ElementsAre(Pair("gone", "names y:0, which is not in the graph"), Pair("good", ""),
                          Pair("handle", "is of type resource"), Pair("ragged", "is a sparse or composite tensor"),
                          Pair("sparse", "is a sparse or composite tensor")));
  EXPECT_THAT(signature.SendableOutputs(), ElementsAre(1));
  EXPECT_NE(signature.outputs[1].output.oper, nullptr);
}

TEST_F(SignatureTest, LeavesOutWhatHasNoOutputThatCanBeSent) {
  AddInput("x", "x:0");
  AddOutput("b", "")->mutable_composite_tensor();
  AddOutput("a", "y:0");
  EXPECT_EQ(ReasonForNotSupporting(), absl::NotFoundError("\"a\" names y:0, which is not in the graph"));
}

TEST_F(SignatureTest, AMalformedMetaGraphIsDataLoss) {
  AddInput("a", "x:0");
  const std::string whole = meta_graph_.SerializeAsString();
  EXPECT_EQ(ReadSignatures(whole.substr(0, whole.size() - 1), graph_.get()).status().code(),
            absl::StatusCode::kDataLoss);
}

TEST(TensorInfoTest, AcceptsTheShapesThatFit) {
  TensorInfo info;
  EXPECT_TRUE(info.Accepts({})) << "an unknown rank fits everything";
  EXPECT_TRUE(info.Accepts({1, 2, 3}));
  info.shape = std::vector<int64_t>{-1, 3};
  EXPECT_TRUE(info.Accepts({0, 3}));
  EXPECT_TRUE(info.Accepts({7, 3}));
  EXPECT_FALSE(info.Accepts({7, 4}));
  EXPECT_FALSE(info.Accepts({3}));
  EXPECT_FALSE(info.Accepts({1, 7, 3}));
  info.shape = std::vector<int64_t>{};
  EXPECT_TRUE(info.Accepts({}));
  EXPECT_FALSE(info.Accepts({1}));
}

}  // namespace
}  // namespace trilho
