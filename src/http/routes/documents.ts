import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { Answer } from '../answer.ts';
import { type Route, route } from '../route.ts';

const tag = 'documentation';

/** Everything comes from this origin: the page works without any other and cannot be made to load from one. */
const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

const page = `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>onsale API</title>
    <link rel="icon" href="docs/favicon-32x32.png">
    <link rel="stylesheet" href="docs/swagger-ui.css">
  </head>
  <body>
    <div id="swagger-ui"></div>
    <script src="docs/swagger-ui-bundle.js"></script>
    <script src="docs/start.js"></script>
  </body>
</html>
`;

const start = `SwaggerUIBundle({
  url: 'openapi.json',
  dom_id: '#swagger-ui',
  deepLinking: true,
  validatorUrl: null,
  persistAuthorization: false,
  presets: [SwaggerUIBundle.presets.apis],
});
`;

/** Named one by one, so there is no path to traverse: what is not listed here is not served. */
const assets = [
  { name: 'swagger-ui.css', type: 'text/css; charset=utf-8' },
  { name: 'swagger-ui-bundle.js', type: 'text/javascript; charset=utf-8' },
  { name: 'favicon-32x32.png', type: 'image/png' },
] as const;

const folder = dirname(createRequire(import.meta.url).resolve('swagger-ui-dist/package.json'));

/** The OpenAPI document, which `document` makes when first asked, and a page to read it with. */
export function documentRoutes(document: () => unknown): Route[] {
  let text: string | null = null;
  const openapi = route({
    method: 'GET',
    path: '/openapi.json',
    scope: 'public',
    tag,
    summary: 'This document',
    successes: [{ status: 200, description: 'OpenAPI 3.1.', type: 'application/json' }],
    problems: [],
    async handle() {
      text ??= JSON.stringify(document());
      return { status: 200, content: text, type: 'application/json' };
    },
  });
  return [
    openapi,
    file('/docs', 'text/html; charset=utf-8', async () => page),
    file('/docs/start.js', 'text/javascript; charset=utf-8', async () => start),
    ...assets.map(({ name, type }) => file(`/docs/${name}`, type, () => readFile(join(folder, name)))),
  ];
}

/** A file is read once and then kept; a failed read is tried again by the next who asks. */
function file(path: string, type: string, read: () => Promise<string | Uint8Array<ArrayBuffer>>): Route {
  let content: string | Uint8Array<ArrayBuffer> | null = null;
  return route({
    method: 'GET',
    path,
    scope: 'public',
    tag,
    summary: path === '/docs' ? 'This document as a page' : `A part of the page: ${path.slice('/docs/'.length)}`,
    successes: [{ status: 200, description: 'The file.', type: type.split(';')[0] ?? type }],
    problems: [],
    async handle(): Promise<Answer<never>> {
      content ??= await read();
      const headers = { 'Content-Security-Policy': CONTENT_SECURITY_POLICY, 'Cache-Control': 'public, max-age=300' };
      return { status: 200, content, type, headers };
    },
  });
}
