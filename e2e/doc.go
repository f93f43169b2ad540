// Package e2e holds tests that use the product as people do: a real browser, the real server, nothing replaced. Its tests run where
// KEXIN_TEST_CHROMIUM names a browser, or with KEXIN_FULL=1 where /usr/bin/chromium is one; otherwise they say that they did not run.
//
//	KEXIN_TEST_CHROMIUM  path of Chromium
//	KEXIN_TEST_URL       a demonstration server that is already running; without it ./infra/local is built and started on loopback
//	KEXIN_TEST_SHOTS     folder for screenshots of every page in both languages; without it they go into a temporary one
//	KEXIN_TEST_AXE       axe.min.js for checks of accessibility; without it that of web/node_modules, if it is installed
package e2e
