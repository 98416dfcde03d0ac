mod pki;
mod rules;
mod suites;
