// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "services/program/access_files.h"

namespace spotter::service {

// gRPC takes any bytes and then says that the port is in use. InvalidArgument names the file that
// is no certificate or key, or a key that is not the certificate's.
Status CheckCertificate(const AccessFiles& files, const std::string& cert_pem,
                        const std::string& key_pem);

}  // namespace spotter::service
