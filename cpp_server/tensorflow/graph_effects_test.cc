#include "cpp_server/tensorflow/graph_effects.h"

#include <memory>
#include <string>
#include <vector>

#include "cpp_server/tensorflow/tf_session.h"
#include "cpp_server/wire/wire_writer.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tensorflow/core/framework/node_def.pb.h"

namespace trilho {
namespace {

using tensorflow::NodeDef;
using ::testing::IsEmpty;

NodeDef Node(const std::string& name, const std::string& op, const std::vector<std::string>& inputs = {}) {
  NodeDef node;
  node.set_name(name);
  node.set_op(op);
  for (const std::string& input : inputs) node.add_input(input);
  return node;
}

NodeDef Calling(NodeDef node, const std::string& attribute, const std::string& function) {
  (*node.mutable_attr())[attribute].mutable_func()->set_name(function);
  return node;
}

// A MetaGraphDef, put together by hand.
class Graph {
 public:
  Graph& Add(const NodeDef& node) {
    graph_.BytesField(1, node.SerializeAsString());
    return *this;
  }
  Graph& AddFunction(const std::string& name, const std::vector<NodeDef>& nodes) {
    WireWriter signature;
    signature.BytesField(1, name);
    WireWriter function;
    function.BytesField(1, std::move(signature).Release());
    for (const NodeDef& node : nodes) function.BytesField(3, node.SerializeAsString());
    library_.BytesField(1, std::move(function).Release());
    return *this;
  }
  std::string MetaGraph() && {
    graph_.BytesField(2, std::move(library_).Release());
    WireWriter meta;
    meta.BytesField(2, std::move(graph_).Release());
    return std::move(meta).Release();
  }

 private:
  WireWriter graph_;
  WireWriter library_;
};

// With the operations that TensorFlow knows.
GraphEffects Effects(Graph graph) {
  static const auto& none = *std::make_unique<const TfGraph>(TF_NewGraph()).release();
  return GraphEffects(std::move(graph).MetaGraph(), KindsOf(none.get()));
}

TEST(GraphEffectsTest, ReadingAVariableIsNone) {
  Graph graph;
  graph.Add(Node("x", "Placeholder"))
      .Add(Node("v", "VarHandleOp"))
      .Add(Node("read", "ReadVariableOp", {"v"}))
      .Add(Node("y", "AddV2", {"x:0", "read"}));
  EXPECT_THAT(Effects(std::move(graph)).EffectOf("y"), IsEmpty());
}

TEST(GraphEffectsTest, WhatAnOutputDependsOnCountsAndNothingElse) {
  Graph graph;
  graph.Add(Node("v", "VarHandleOp"))
      .Add(Node("one", "Const"))
      .Add(Node("add", "AssignAddVariableOp", {"v", "one"}))
      .Add(Node("free", "ReadVariableOp", {"v"}))
      .Add(Node("after", "ReadVariableOp", {"v", "^add"}))
      .Add(Node("far", "Identity", {"after:0"}))
      .Add(Node("constant", "Const", {"^add"}));
  const GraphEffects effects = Effects(std::move(graph));
  EXPECT_THAT(effects.EffectOf("free"), IsEmpty());
  for (const char* node : {"add", "after", "far", "constant"}) {
    EXPECT_EQ(effects.EffectOf(node), "AssignAddVariableOp") << node;
  }
}

TEST(GraphEffectsTest, AnOperationIsJudgedByItsKind) {
  for (const char* op : {"VariableV2", "HashTableV2", "LookupTableFindV2", "ResourceGather", "Assert", "ParseExampleV2",
                         "TensorArrayV3", "StatelessRandomUniformV2", "MatMul", "NoOp", "RefIdentity"}) {
    Graph graph;
    graph.Add(Node("y", op));
    EXPECT_THAT(Effects(std::move(graph)).EffectOf("y"), IsEmpty()) << op;
  }
  for (const char* op : {"Assign",
                         "AssignAdd",
                         "ScatterUpdate",
                         "ApplyGradientDescent",
                         "AssignVariableOp",
                         "ResourceApplyAdam",
                         "LookupTableInsertV2",
                         "RandomUniform",
                         "StatefulUniform",
                         "RngReadAndSkip",
                         "SaveV2",
                         "WriteFile",
                         "PyFunc",
                         "EagerPyFunc",
                         "PyFuncStateless",
                         "Print",
                         "PrintV2",
                         "FIFOQueueV2",
                         "QueueDequeueV2",
                         "IteratorGetNext",
                         "DebugIdentity",
                         "RemoteCall",
                         "NoSuchOperation"}) {
    Graph graph;
    graph.Add(Node("y", op));
    EXPECT_EQ(Effects(std::move(graph)).EffectOf("y"), op);
  }
}

TEST(GraphEffectsTest, FunctionsAreFollowedThroughAttributesListsAndNames) {
  Graph graph;
  NodeDef choice = Node("choice", "Case");
  auto* const branches = (*choice.mutable_attr())["branches"].mutable_list();
  branches->add_func()->set_name("harmless");
  branches->add_func()->set_name("outer");
  graph.Add(Calling(Node("call", "StatefulPartitionedCall"), "f", "outer"))
      .Add(choice)
      .Add(Node("named", "outer"))
      .Add(Calling(Node("quiet", "StatefulPartitionedCall"), "f", "harmless"))
      .AddFunction("inner", {Node("v", "VarHandleOp"), Node("write", "AssignVariableOp", {"v"})})
      .AddFunction("outer", {Calling(Node("loop", "While"), "body", "inner")})
      .AddFunction("harmless", {Node("v", "VarHandleOp"), Node("read", "ReadVariableOp", {"v"})});
  const GraphEffects effects = Effects(std::move(graph));
  for (const char* node : {"call", "choice", "named"}) EXPECT_EQ(effects.EffectOf(node), "AssignVariableOp") << node;
  EXPECT_THAT(effects.EffectOf("quiet"), IsEmpty());
}

TEST(GraphEffectsTest, CyclesHaveAnEnd) {
  Graph graph;
  graph.Add(Node("merge", "Merge", {"next"}))
      .Add(Node("next", "NextIteration", {"merge"}))
      .Add(Calling(Node("call", "PartitionedCall", {"merge"}), "f", "ping"))
      .AddFunction("ping", {Calling(Node("c", "PartitionedCall"), "f", "pong")})
      .AddFunction("pong", {Calling(Node("c", "PartitionedCall"), "f", "ping")});
  EXPECT_THAT(Effects(std::move(graph)).EffectOf("call"), IsEmpty());
}

TEST(GraphEffectsTest, WhatIsNotThereIsUnknown) {
  Graph graph;
  graph.Add(Calling(Node("call", "PartitionedCall"), "f", "nowhere"));
  const GraphEffects effects = Effects(std::move(graph));
  EXPECT_EQ(effects.EffectOf("call"), "unknown");
  EXPECT_EQ(effects.EffectOf("nowhere"), "unknown");
  static const auto& none = *std::make_unique<const TfGraph>(TF_NewGraph()).release();
  EXPECT_EQ(GraphEffects("\xff", KindsOf(none.get())).EffectOf("y"), "unknown");
}

}  // namespace
}  // namespace trilho
