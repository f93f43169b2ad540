// Links to ciphertext that the server hands out.

const loopback = new Set(['localhost', '127.0.0.1', '[::1]']);

/**
 * The address to load a link from. An embedded server names itself by one of the names of this machine; when the page came from the
 * same port under another of these names, the page's own is used, which the content security policy allows.
 */
export function localLink(link: string, page: Pick<Location, 'href' | 'hostname' | 'port'> = location): string {
  const url = new URL(link, page.href);
  if (loopback.has(url.hostname) && loopback.has(page.hostname) && url.port === page.port) {
    return url.pathname + url.search;
  }
  return url.href;
}
