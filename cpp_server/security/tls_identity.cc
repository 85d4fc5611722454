#include "cpp_server/security/tls_identity.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <memory>

#include "absl/strings/str_cat.h"

namespace trilho {
namespace {

template <typename T, void (*kFree)(T*)>
struct OpenSslFree {
  void operator()(T* object) const { kFree(object); }
};
using KeyPtr = std::unique_ptr<EVP_PKEY, OpenSslFree<EVP_PKEY, EVP_PKEY_free>>;
using CertificatePtr = std::unique_ptr<X509, OpenSslFree<X509, X509_free>>;
using ContextPtr = std::unique_ptr<SSL_CTX, OpenSslFree<SSL_CTX, SSL_CTX_free>>;

struct FreeBio {
  void operator()(BIO* bio) const { BIO_free(bio); }
};
using BioPtr = std::unique_ptr<BIO, FreeBio>;

// With OpenSSL's own reason, if it has one.
absl::Status Bad(absl::string_view what) {
  const char* const reason = ERR_reason_error_string(ERR_peek_last_error());
  return absl::InvalidArgumentError(
      absl::StrCat("TLS: ", what, reason == nullptr ? "" : ": ", reason == nullptr ? "" : reason));
}

// The text must outlive it.
BioPtr Reader(const std::string& pem) { return BioPtr(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size()))); }

// OpenSSL would ask the terminal otherwise.
int NoPassword(char* /*buffer*/, int /*size*/, int /*for_writing*/, void* /*data*/) { return -1; }

// Null at the end of the text; then the last error is PEM_R_NO_START_LINE unless something is malformed.
CertificatePtr NextCertificate(BIO* reader) {
  return CertificatePtr(PEM_read_bio_X509(reader, nullptr, NoPassword, nullptr));
}

bool IsEndOfPem() {
  const auto error = ERR_peek_last_error();
  return ERR_GET_LIB(error) == ERR_LIB_PEM && ERR_GET_REASON(error) == PEM_R_NO_START_LINE;
}

absl::Status CheckChain(const std::string& pem, SSL_CTX* context) {
  const BioPtr reader = Reader(pem);
  const CertificatePtr own = NextCertificate(reader.get());
  if (own == nullptr) return Bad("the certificate chain has no certificate in PEM");
  if (SSL_CTX_use_certificate(context, own.get()) != 1) return Bad("the server's certificate");
  for (;;) {
    ERR_clear_error();
    const CertificatePtr issuer = NextCertificate(reader.get());
    if (issuer == nullptr) return IsEndOfPem() ? absl::OkStatus() : Bad("the certificate chain");
    if (SSL_CTX_add1_chain_cert(context, issuer.get()) != 1) return Bad("the certificate chain");
  }
}

absl::Status CheckKey(const std::string& pem, SSL_CTX* context) {
  const KeyPtr key(PEM_read_bio_PrivateKey(Reader(pem).get(), nullptr, NoPassword, nullptr));
  if (key == nullptr) return Bad("the private key is no key in PEM that is not encrypted");
  if (SSL_CTX_use_PrivateKey(context, key.get()) != 1 || SSL_CTX_check_private_key(context) != 1) {
    return Bad("the private key is not that of the server's certificate");
  }
  return absl::OkStatus();
}

absl::Status CheckClientCa(const std::string& pem) {
  const BioPtr reader = Reader(pem);
  if (NextCertificate(reader.get()) == nullptr) return Bad("the client CA is no certificate in PEM");
  for (;;) {
    ERR_clear_error();
    if (NextCertificate(reader.get()) == nullptr) return IsEndOfPem() ? absl::OkStatus() : Bad("the client CA");
  }
}

absl::Status Check(const TlsIdentity& identity) {
  const ContextPtr context(SSL_CTX_new(TLS_server_method()));
  if (context == nullptr) return absl::ResourceExhaustedError("TLS: no memory");
  absl::Status status = CheckChain(identity.certificate_chain_pem, context.get());
  if (status.ok()) status = CheckKey(identity.private_key_pem, context.get());
  if (!status.ok() || !identity.verify_clients) return status;
  if (identity.client_ca_pem.empty()) {
    return absl::InvalidArgumentError("TLS: client certificates are to be verified, but no client CA is given");
  }
  return CheckClientCa(identity.client_ca_pem);
}

}  // namespace

absl::Status CheckTlsIdentity(const TlsIdentity& identity) {
  ERR_clear_error();
  absl::Status status = Check(identity);
  // What OpenSSL remembers of it is not for the next to find.
  ERR_clear_error();
  return status;
}

}  // namespace trilho
