// timeout: 300
// alone
import { hostile } from './harness/suite.ts';

await hostile('bridge');
