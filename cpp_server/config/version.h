// The version of this server, from //:version.bzl.

#ifndef TRILHO_CPP_SERVER_CONFIG_VERSION_H_
#define TRILHO_CPP_SERVER_CONFIG_VERSION_H_

namespace trilho {

constexpr char kVersion[] = TRILHO_VERSION;

}  // namespace trilho

#endif  // TRILHO_CPP_SERVER_CONFIG_VERSION_H_
