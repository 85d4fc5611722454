#include "cpp_server/http/tls_context.h"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "boost/asio/buffer.hpp"

namespace trilho {
namespace {

namespace ssl = boost::asio::ssl;
using ErrorCode = boost::system::error_code;

absl::Status Bad(const std::string& what, const ErrorCode& error) {
  return absl::InvalidArgumentError(absl::StrCat("TLS: ", what, ": ", error.message()));
}

absl::Status BadNow(const std::string& what) {
  return Bad(what, ErrorCode(static_cast<int>(::ERR_get_error()), boost::asio::error::get_ssl_category()));
}

absl::Status UseKeys(const HttpTlsOptions& options, ssl::context* context) {
  ErrorCode error;
  // Otherwise OpenSSL would ask the terminal.
  context->set_password_callback([](size_t, ssl::context::password_purpose) { return std::string(); }, error);
  if (error) return Bad("private key", error);
  context->use_certificate_chain(boost::asio::buffer(options.certificate_chain), error);
  if (error) return Bad("certificate chain, in PEM", error);
  context->use_private_key(boost::asio::buffer(options.private_key), ssl::context::pem, error);
  if (error) return Bad("private key, in PEM, not encrypted and of the server's certificate", error);
  if (SSL_CTX_check_private_key(context->native_handle()) != 1) return BadNow("private key");
  return absl::OkStatus();
}

absl::Status VerifyClients(const HttpTlsOptions& options, ssl::context* context) {
  if (options.client_ca.empty()) {
    return absl::InvalidArgumentError("TLS: client certificates are to be verified, but no client CA is given");
  }
  ErrorCode error;
  context->add_certificate_authority(boost::asio::buffer(options.client_ca), error);
  if (error) return Bad("client CA, in PEM", error);
  context->set_verify_mode(ssl::verify_peer | ssl::verify_fail_if_no_peer_cert, error);
  if (error) return Bad("client verification", error);
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::shared_ptr<ssl::context>> MakeTlsContext(const HttpTlsOptions& options) {
  ::ERR_clear_error();
  // By OpenSSL itself, as the constructor that takes a method throws.
  SSL_CTX* const handle = SSL_CTX_new(TLS_server_method());
  if (handle == nullptr) return BadNow("no memory");
  auto context = std::make_shared<ssl::context>(handle);

  if (SSL_CTX_set_min_proto_version(handle, TLS1_2_VERSION) != 1) return BadNow("TLS 1.2");
  // Of TLS 1.2 only what has forward secrecy and authenticated encryption; TLS 1.3 has nothing else.
  if (SSL_CTX_set_cipher_list(handle, "ECDHE+AESGCM:ECDHE+CHACHA20") != 1) return BadNow("ciphers");
  SSL_CTX_set_options(handle, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION | SSL_OP_CIPHER_SERVER_PREFERENCE);
  SSL_CTX_set_mode(handle, SSL_MODE_RELEASE_BUFFERS);
  // Without one, sessions of verified clients cannot be resumed.
  static constexpr unsigned char kSessionContext[] = "trilho";
  SSL_CTX_set_session_id_context(handle, kSessionContext, sizeof(kSessionContext) - 1);

  absl::Status status = UseKeys(options, context.get());
  if (status.ok() && options.verify_client) status = VerifyClients(options, context.get());
  ::ERR_clear_error();
  if (!status.ok()) return status;
  return context;
}

}  // namespace trilho
