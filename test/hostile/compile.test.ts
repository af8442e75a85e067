// timeout: 300
import { hostile } from './harness/suite.ts';

await hostile('compile');
