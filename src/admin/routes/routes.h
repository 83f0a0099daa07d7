// The endpoints that are no plain entity, or differ from what their schema would give. Each
// function adds its endpoints after the generated ones, and may replace methods of those.
#pragma once

#include "admin/endpoint.h"

namespace silverback::admin {

void AddRootEndpoints(const Context& context, EndpointTable& table);
void AddStatusEndpoints(const Context& context, EndpointTable& table);
void AddSchemaEndpoints(const Context& context, EndpointTable& table);
void AddTagEndpoints(const Context& context, EndpointTable& table);
void AddCacheEndpoints(const Context& context, EndpointTable& table);
void AddConfigEndpoints(const Context& context, EndpointTable& table);
void AddClusteringEndpoints(const Context& context, EndpointTable& table);
void AddConsumerEndpoints(const Context& context, EndpointTable& table);
void AddUpstreamEndpoints(const Context& context, EndpointTable& table);
void AddCertificateEndpoints(const Context& context, EndpointTable& table);
void AddPluginEndpoints(const Context& context, EndpointTable& table);
void AddAclEndpoints(const Context& context, EndpointTable& table);
void AddProxyCacheEndpoints(const Context& context, EndpointTable& table);
void AddAcmeEndpoints(const Context& context, EndpointTable& table);

// Beyond Kong, with admin_extensions on.
void AddTransactionEndpoints(const Context& context, EndpointTable& table);
void AddDebugEndpoints(const Context& context, EndpointTable& table);
void AddOpenApiEndpoints(const Context& context, EndpointTable& table);

}  // namespace silverback::admin
