// Headers of every answer, after OWASP's REST and HTTP headers cheat sheets. CORS is in access/cors.ts.
// strict-transport-security is for the proxy that ends TLS: only it knows whether the name is served by TLS alone.

/**
 * Keeps browsers from guessing types, framing the page, sharing its window, sending referrers, loading from other servers, and
 * from granting permissions that the page never needs. `x-frame-options` repeats `frame-ancestors` for old browsers and scanners.
 */
export const securityHeaders: Readonly<Record<string, string>> = {
  'content-security-policy':
    "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'",
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'permissions-policy': 'camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
};
