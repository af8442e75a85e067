import { refusedLines } from './parts/build.ts';

export const attack = refusedLines('no path leads out of the project, however it is written', ({ canaries }) => [
  "import '../../../other-tenant/secret.ts';",
  "export const x = require('../../.env');",
  `import '../../../../../../../../../..${canaries.file}';`,
  "import './../../x';",
  "import '../activities/../../x';",
  "import '..';",
  "import '../..';",
  "import './%2e%2e/%2e%2e/x';",
  "import '..\\\\..\\\\x';",
  "import './..\\u002f../../x';",
  "import '\\u0000/etc/passwd';",
  "import '@aidbox-billing/../../package';",
  "import '@aidbox-billing/built-in-activities/../../../package';",
  "import '@aidbox-billing/fhir/../../host/env';",
  "import 'cloister/../db';",
  "import './db.ts';",
  "import 'project:activities/a.ts';",
  "import 'virtual:x';",
]);
