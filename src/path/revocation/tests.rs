mod many;
mod openssl;
mod pki;
mod rules;
mod suites;
