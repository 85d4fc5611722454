#include "cpp_server/core/aspired_version_policy.h"

#include <ostream>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace trilho {

bool operator==(const VersionAction& a, const VersionAction& b) { return a.kind == b.kind && a.version == b.version; }
void PrintTo(const VersionAction& action, std::ostream* out) {
  *out << (action.kind == VersionAction::Kind::kLoad ? "load " : "unload ") << action.version;
}

namespace {

using ::testing::Eq;
using ::testing::Optional;

constexpr bool kAspired = true;
constexpr bool kUnaspired = false;

VersionAction Load(int64_t version) { return VersionAction{VersionAction::Kind::kLoad, version}; }
VersionAction Unload(int64_t version) { return VersionAction{VersionAction::Kind::kUnload, version}; }

const AvailabilityPreservingPolicy kAvailability;
const ResourcePreservingPolicy kResource;

TEST(AvailabilityPreservingPolicyTest, NothingToDo) {
  EXPECT_EQ(kAvailability.NextAction({}), absl::nullopt);
  EXPECT_EQ(kAvailability.NextAction({{1, ManagerState::kAvailable, kAspired}}), absl::nullopt);
}

TEST(AvailabilityPreservingPolicyTest, LoadsTheHighestNewVersionFirst) {
  EXPECT_THAT(kAvailability.NextAction({{1, ManagerState::kStart, kAspired}, {2, ManagerState::kStart, kAspired}}),
              Optional(Eq(Load(2))));
}

TEST(AvailabilityPreservingPolicyTest, LoadsTheNewVersionBeforeTheLastOldOneGoes) {
  EXPECT_THAT(
      kAvailability.NextAction({{1, ManagerState::kAvailable, kUnaspired}, {2, ManagerState::kStart, kAspired}}),
      Optional(Eq(Load(2))));
  EXPECT_THAT(
      kAvailability.NextAction({{1, ManagerState::kAvailable, kUnaspired}, {2, ManagerState::kAvailable, kAspired}}),
      Optional(Eq(Unload(1))));
}

TEST(AvailabilityPreservingPolicyTest, OneOldVersionIsEnoughWhileTheNewOneLoads) {
  EXPECT_THAT(kAvailability.NextAction({{1, ManagerState::kAvailable, kUnaspired},
                                        {2, ManagerState::kAvailable, kUnaspired},
                                        {3, ManagerState::kStart, kAspired}}),
              Optional(Eq(Unload(1))));
}

TEST(AvailabilityPreservingPolicyTest, UnloadsEverythingWhenNothingIsAspired) {
  EXPECT_THAT(kAvailability.NextAction({{1, ManagerState::kAvailable, kUnaspired}}), Optional(Eq(Unload(1))));
}

TEST(AvailabilityPreservingPolicyTest, KeepsTheOldVersionWhenTheNewOneFailed) {
  EXPECT_EQ(kAvailability.NextAction({{1, ManagerState::kAvailable, kUnaspired}, {2, ManagerState::kEnd, kAspired}}),
            absl::nullopt);
}

TEST(AvailabilityPreservingPolicyTest, ADrainingVersionHoldsUpNothing) {
  EXPECT_THAT(
      kAvailability.NextAction({{1, ManagerState::kUnloading, kUnaspired}, {2, ManagerState::kStart, kAspired}}),
      Optional(Eq(Load(2))));
}

TEST(ResourcePreservingPolicyTest, UnloadsBeforeItLoads) {
  EXPECT_THAT(kResource.NextAction({{1, ManagerState::kAvailable, kUnaspired}, {2, ManagerState::kStart, kAspired}}),
              Optional(Eq(Unload(1))));
  EXPECT_EQ(kResource.NextAction({{1, ManagerState::kUnloading, kUnaspired}, {2, ManagerState::kStart, kAspired}}),
            absl::nullopt);
  EXPECT_THAT(kResource.NextAction({{2, ManagerState::kStart, kAspired}, {3, ManagerState::kStart, kAspired}}),
              Optional(Eq(Load(3))));
}

TEST(ResourcePreservingPolicyTest, KeepsAspiredVersions) {
  EXPECT_THAT(kResource.NextAction({{1, ManagerState::kAvailable, kAspired}, {2, ManagerState::kStart, kAspired}}),
              Optional(Eq(Load(2))));
}

}  // namespace
}  // namespace trilho
