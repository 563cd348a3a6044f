// SPDX-License-Identifier: Apache-2.0
#include "services/program/certificate.h"

#include <openssl/pem.h>
#include <openssl/x509.h>

#include <memory>

#include "base/log_message.h"

namespace spotter::service {
namespace {

using Bytes = std::unique_ptr<BIO, decltype(&BIO_free)>;

Bytes Read(const std::string& pem) {
  return {BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())), &BIO_free};
}

}  // namespace

Status CheckCertificate(const AccessFiles& files, const std::string& cert_pem,
                        const std::string& key_pem) {
  const std::unique_ptr<X509, decltype(&X509_free)> certificate(
      PEM_read_bio_X509(Read(cert_pem).get(), nullptr, nullptr, nullptr), &X509_free);
  if (certificate == nullptr) {
    return InvalidArgument("--tls-cert '{}' holds no certificate, expected PEM", files.tls_cert);
  }
  const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key(
      PEM_read_bio_PrivateKey(Read(key_pem).get(), nullptr, nullptr, nullptr), &EVP_PKEY_free);
  if (key == nullptr) {
    return InvalidArgument("--tls-key '{}' holds no private key, expected PEM", files.tls_key);
  }
  if (X509_check_private_key(certificate.get(), key.get()) != 1) {
    return InvalidArgument("--tls-key '{}' is not the key of --tls-cert '{}'", files.tls_key,
                           files.tls_cert);
  }
  if (X509_cmp_current_time(X509_get0_notAfter(certificate.get())) < 0) {
    LogWarn("certificate has expired, file={}", files.tls_cert);
  }
  return OkStatus();
}

}  // namespace spotter::service
