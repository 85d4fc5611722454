#include "cpp_server/inference/predictor.h"

#include "cpp_server/testing/served_models.h"
#include "gtest/gtest.h"

namespace trilho {
namespace {

ModelSpec Stable() {
  ModelSpec spec;
  spec.name = "m";
  spec.version_label = "stable";
  return spec;
}

TEST(PredictorTest, ALabelThatMovesBetweenTwoLooksFindsItsNewVersion) {
  ServedModels served;
  ASSERT_TRUE(served.Serve("m", "half_plus_two", {1}));
  int looks = 0;
  const Predictor predictor(served.manager(), [&](absl::string_view model, absl::string_view label) {
    EXPECT_EQ(model, "m");
    EXPECT_EQ(label, "stable");
    if (++looks > 1) return 2;
    // Version 1 answers for it when somebody asks, and is gone when he comes to it.
    EXPECT_TRUE(served.Serve("m", "half_plus_two", {2}));
    while (served.manager()->GetUntypedServableHandle({"m", 1}).ok()) {
    }
    return 1;
  });
  const auto model = predictor.FindModel(Stable());
  ASSERT_TRUE(model.ok()) << model.status();
  EXPECT_EQ(model->version(), 2);
}

TEST(PredictorTest, ALabelOfAVersionThatIsNotThereIsNotFound) {
  ServedModels served;
  ASSERT_TRUE(served.Serve("m", "half_plus_two", {1}));
  const Predictor predictor(served.manager(),
                            [](absl::string_view /*model*/, absl::string_view /*label*/) { return 2; });
  EXPECT_EQ(predictor.FindModel(Stable()).status(),
            absl::NotFoundError("Servable not found for request: Specific(m, 2)"));
}

TEST(PredictorTest, WithoutLabelsEachIsUnknown) {
  ServedModels served;
  EXPECT_EQ(Predictor(served.manager()).FindModel(Stable()).status(),
            absl::InvalidArgumentError("Unrecognized servable version label: stable"));
}

}  // namespace
}  // namespace trilho
