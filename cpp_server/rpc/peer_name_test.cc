#include "cpp_server/rpc/peer_name.h"

#include "gtest/gtest.h"

namespace trilho {
namespace {

TEST(PeerNameTest, IsAnAddressAsHttpHasIt) {
  EXPECT_EQ(PeerName("ipv4:10.0.0.1:4711"), "10.0.0.1:4711");
  EXPECT_EQ(PeerName("ipv6:%5B::1%5D:4711"), "[::1]:4711");
  EXPECT_EQ(PeerName("ipv6:[fe80::1%25eth0]:4711"), "[fe80::1%eth0]:4711");
  EXPECT_EQ(PeerName("unix:/run/client"), "unix:/run/client");
  EXPECT_EQ(PeerName("unix:"), "unix:") << "of a client without a name";
  EXPECT_EQ(PeerName(""), "");
}

}  // namespace
}  // namespace trilho
