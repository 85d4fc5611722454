#include "cpp_server/security/tls_identity.h"

#include <openssl/err.h>

#include "cpp_server/http/tls_for_test.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace trilho {
namespace {

using ::testing::HasSubstr;

class TlsIdentityTest : public ::testing::Test {
 protected:
  void ExpectRefused(const TlsIdentity& identity, const std::string& reason) {
    const absl::Status status = CheckTlsIdentity(identity);
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << reason;
    EXPECT_THAT(std::string(status.message()), HasSubstr(reason));
    EXPECT_EQ(ERR_peek_error(), 0u) << "an error is left behind";
  }

  const TestIdentity authority_{"authority"};
  const TestIdentity server_{"server", &authority_};
  const TlsIdentity good_{server_.KeyPem(), server_.CertificatePem() + authority_.CertificatePem(),
                          authority_.CertificatePem(), true};
};

TEST_F(TlsIdentityTest, TakesAKeyWithItsChain) {
  EXPECT_TRUE(CheckTlsIdentity(good_).ok());
  TlsIdentity alone = good_;
  alone.certificate_chain_pem = server_.CertificatePem();
  alone.verify_clients = false;
  alone.client_ca_pem = "";
  EXPECT_TRUE(CheckTlsIdentity(alone).ok());
  // Files often have text between what is in PEM.
  alone.certificate_chain_pem = "subject=CN = server\n" + server_.CertificatePem() + "\nissuer\n";
  EXPECT_TRUE(CheckTlsIdentity(alone).ok());
}

TEST_F(TlsIdentityTest, NamesABadCertificateChain) {
  TlsIdentity bad = good_;
  for (const std::string& chain : {std::string(), std::string("server.pem"), server_.KeyPem()}) {
    bad.certificate_chain_pem = chain;
    ExpectRefused(bad, "the certificate chain has no certificate in PEM");
  }
  const std::string issuer = authority_.CertificatePem();
  bad.certificate_chain_pem = server_.CertificatePem() + issuer.substr(0, issuer.size() / 2);
  ExpectRefused(bad, "the certificate chain");
}

TEST_F(TlsIdentityTest, NamesABadKey) {
  TlsIdentity bad = good_;
  for (const std::string& key : {std::string(), std::string("key.pem"), server_.EncryptedKeyPem()}) {
    bad.private_key_pem = key;
    ExpectRefused(bad, "the private key is no key in PEM that is not encrypted");
  }
  bad.private_key_pem = authority_.KeyPem();
  ExpectRefused(bad, "the private key is not that of the server's certificate");
}

TEST_F(TlsIdentityTest, NamesABadClientCa) {
  TlsIdentity bad = good_;
  bad.client_ca_pem = "";
  ExpectRefused(bad, "no client CA is given");
  bad.client_ca_pem = "ca.pem";
  ExpectRefused(bad, "the client CA is no certificate in PEM");
  bad.client_ca_pem = good_.client_ca_pem + "-----BEGIN CERTIFICATE-----\nx\n-----END CERTIFICATE-----\n";
  ExpectRefused(bad, "the client CA");
}

}  // namespace
}  // namespace trilho
