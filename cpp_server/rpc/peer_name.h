// Who calls, for logs.

#ifndef TRILHO_CPP_SERVER_RPC_PEER_NAME_H_
#define TRILHO_CPP_SERVER_RPC_PEER_NAME_H_

#include <string>

#include "absl/strings/string_view.h"

namespace trilho {

// Returns gRPC's name of a peer as the HTTP front has it: "10.0.0.1:4711" of "ipv4:10.0.0.1:4711", "[::1]:4711" of
// "ipv6:%5B::1%5D:4711"; "unix:" and what stands behind it stays.
std::string PeerName(absl::string_view peer);

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_RPC_PEER_NAME_H_
