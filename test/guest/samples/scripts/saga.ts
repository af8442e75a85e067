import type { Case } from '../case.ts';

const ADDRESS = { address1: '123 Temporal Street', postalCode: '98006' };
const BANK = {
  accountNumber: '1',
  routingNumber: '1234555',
  accountType: 'Checking',
  personalOwner: { firstName: 'Bart', lastName: 'Simpson' },
};

function opening(name: string, accountId: string): Case {
  const params = {
    accountId,
    address: ADDRESS,
    bankDetails: BANK,
    bankId: 'Foo Bar Savings and Loan',
    clientEmail: 'bart@simpson.io',
  };
  const drive: Case['drive'] = async (pilot) => void (await pilot.execute('openAccount', params));
  return { of: 'saga', name, group: 'first', drive };
}

/** An account that is opened, and one that is not by each of its steps; the second is the sample as it is. */
export const saga: readonly Case[] = [
  opening('opens an account', 'succeeds'),
  opening('the bank account fails until its time is up', 'as it is'),
  opening('the account is refused', 'fails-createAccount'),
  opening('the address is refused', 'fails-addAddress'),
  opening('the client is refused', 'fails-addClient'),
  opening('the bank account is refused', 'fails-addBankAccount'),
  opening('a compensation is refused too', 'fails-addBankAccount fails-removeClient'),
];
