// What the log of the start says of a server.

#ifndef TRILHO_CPP_SERVER_SERVER_START_LOG_H_
#define TRILHO_CPP_SERVER_SERVER_START_LOG_H_

#include <string>
#include <vector>

#include "cpp_server/server/model_server.h"
#include "cpp_server/server/server_tls.h"

namespace trilho {

// A port that is open. Of a UNIX socket `address` is its path, and `port` 0.
struct OpenPort {
  TlsPort kind;
  std::string address;
  int port = 0;
};

// Returns a line for each port: its address, and how it speaks.
std::vector<std::string> DescribePorts(const std::vector<OpenPort>& ports, const ServerTls& tls);

// Returns a warning for each port over which tokens go in plain text to other machines.
std::vector<std::string> PlainTokenWarnings(const std::vector<OpenPort>& ports, const ServerTls& tls);

// Tells who may do what, if nobody has thought of it.
void WarnOfOpenConfiguration(const ModelServer::Options& options);

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_SERVER_START_LOG_H_
