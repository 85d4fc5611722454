#include "cpp_server/rpc/peer_name.h"

#include "absl/strings/str_replace.h"
#include "absl/strings/strip.h"

namespace trilho {

std::string PeerName(absl::string_view peer) {
  if (absl::ConsumePrefix(&peer, "ipv4:")) return std::string(peer);
  if (!absl::ConsumePrefix(&peer, "ipv6:")) return std::string(peer);
  // gRPC makes a URI of it.
  return absl::StrReplaceAll(peer, {{"%5B", "["}, {"%5D", "]"}, {"%25", "%"}});
}

}  // namespace trilho
