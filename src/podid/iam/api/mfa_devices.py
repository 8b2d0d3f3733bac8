"""Virtual MFA devices: made, enabled for a user with two codes in a row, put right again, taken away.

Security keys and hardware tokens are not taken: they are enabled in a console, or bought.
"""

from __future__ import annotations

import base64
from typing import Any

from sqlalchemy import Connection, delete, func, insert, select, update

from podid.core.caller import Call, Output
from podid.core.operations import operation
from podid.iam import entities
from podid.iam.accounts import account_row
from podid.iam.api.users import name_or_own, shown_user
from podid.iam.entities import USER
from podid.iam.errors import (
    DeleteConflict,
    EntityAlreadyExists,
    InvalidAuthenticationCode,
    InvalidInput,
    NoSuchEntity,
    over_quota,
)
from podid.iam.paging import page, select_page
from podid.iam.qr_codes import otpauth, qr_png
from podid.iam.sealed_columns import MFA_SEED
from podid.iam.state import IamState
from podid.iam.tables import MFA_DEVICES, USERS
from podid.iam.tagging import WireTags, add_tags, read_tags, remove_all_tags, tags_of, with_tags
from podid.iam.totp import find_pair, step_at

PER_USER = 8
PER_ACCOUNT = 5000
_SEED = 40
"""Bytes: 64 characters in base 32, as IAM's seeds have."""

_NAME = 226
"""Characters of a device's name: IAM user guide, "IAM and STS character limits"."""

_ENABLING = 20
_RESYNC = 2880
"""Steps by which a device's clock may be off: ten minutes at first, a day when it is put right."""


class MfaDevices:
    def __init__(self, state: IamState) -> None:
        self._state = state

    @operation("CreateVirtualMFADevice")
    def create_virtual_mfa_device(
        self, call: Call, *, virtual_mfa_device_name: str, path: str = "/", tags: WireTags | None = None
    ) -> Output:
        """The seed is shown here and never again."""
        given = read_tags(tags)
        if len(virtual_mfa_device_name) > _NAME:
            raise InvalidInput(f"The name of an MFA device has at most {_NAME} characters.")
        serial = f"arn:{self._state.partition}:iam::{call.account}:mfa{path}{virtual_mfa_device_name}"
        seed = self._state.random(_SEED)
        table = MFA_DEVICES
        with self._state.write() as connection:
            if connection.execute(select(table.c.serial).where(table.c.serial == serial)).first() is not None:
                raise EntityAlreadyExists("MFADevice entity at the same path and name already exists.")
            held = select(func.count()).select_from(table).where(table.c.account == call.account)
            if connection.execute(held).scalar_one() >= PER_ACCOUNT:
                raise over_quota("VirtualMFADevicesPerAccount", PER_ACCOUNT)
            connection.execute(
                insert(table).values(
                    serial=serial,
                    account=call.account,
                    seed=MFA_SEED.encrypt(self._state.store.master_key, seed, serial),
                    created_at=call.now.replace(microsecond=0),
                    drift=0,
                    last_step=0,
                    failures=0,
                )
            )
            add_tags(connection, serial, given)
            account = account_row(connection, call.account)
        secret = base64.b32encode(seed).decode()
        issuer = account.alias if account is not None and account.alias else call.account
        device: Output = {
            "SerialNumber": serial,
            "Base32StringSeed": secret.encode(),
            "QRCodePNG": qr_png(otpauth(virtual_mfa_device_name, issuer, secret)),
        }
        return {"VirtualMFADevice": with_tags(device, given)}

    @operation("DeleteVirtualMFADevice")
    def delete_virtual_mfa_device(self, call: Call, *, serial_number: str) -> Output:
        with self._state.write() as connection:
            row = get_device(connection, call.account, serial_number)
            if row.user_id is not None:
                raise DeleteConflict("MFA VirtualDevice in use. Must deactivate first.")
            remove_all_tags(connection, row.serial)
            connection.execute(delete(MFA_DEVICES).where(MFA_DEVICES.c.serial == row.serial))
            return {}

    @operation("EnableMFADevice")
    def enable_mfa_device(
        self,
        call: Call,
        *,
        user_name: str,
        serial_number: str,
        authentication_code1: str,
        authentication_code2: str,
    ) -> Output:
        with self._state.write() as connection:
            user = entities.get(connection, USER, call.account, user_name)
            row = get_device(connection, call.account, serial_number)
            if row.user_id is not None:
                raise EntityAlreadyExists("MFA Device is already in use.")
            held = select(func.count()).select_from(MFA_DEVICES).where(MFA_DEVICES.c.user_id == user.id)
            if connection.execute(held).scalar_one() >= PER_USER:
                raise over_quota("MFADevicesPerUser", PER_USER)
            codes = (authentication_code1, authentication_code2)
            self._synchronise(connection, call, row, codes, _ENABLING)
            _change(connection, row, user_id=user.id, enabled_at=call.now.replace(microsecond=0))
            return {}

    @operation("ResyncMFADevice")
    def resync_mfa_device(
        self,
        call: Call,
        *,
        user_name: str,
        serial_number: str,
        authentication_code1: str,
        authentication_code2: str,
    ) -> Output:
        with self._state.write() as connection:
            row = self._of_user(connection, call, user_name, serial_number)
            self._synchronise(connection, call, row, (authentication_code1, authentication_code2), _RESYNC)
            return {}

    @operation("DeactivateMFADevice")
    def deactivate_mfa_device(self, call: Call, *, serial_number: str, user_name: str | None = None) -> Output:
        with self._state.write() as connection:
            row = self._of_user(connection, call, name_or_own(call, user_name), serial_number)
            _change(connection, row, user_id=None, enabled_at=None)
            return {}

    @operation("GetMFADevice")
    def get_mfa_device(self, call: Call, *, serial_number: str, user_name: str | None = None) -> Output:
        with self._state.read() as connection:
            if user_name is not None:
                row = self._of_user(connection, call, user_name, serial_number)
                return {"UserName": user_name, "SerialNumber": row.serial, "EnableDate": row.enabled_at}
            row = get_device(connection, call.account, serial_number)
            if row.user_id is None:
                return {"SerialNumber": row.serial}
            user = entities.by_id(connection, USER, row.user_id)
            assert user is not None  # a foreign key
            return {"UserName": user.name, "SerialNumber": row.serial, "EnableDate": row.enabled_at}

    @operation("ListMFADevices")
    def list_mfa_devices(
        self, call: Call, *, user_name: str | None = None, marker: str | None = None, max_items: int | None = None
    ) -> Output:
        table = MFA_DEVICES
        with self._state.read() as connection:
            user = entities.get(connection, USER, call.account, name_or_own(call, user_name))
            query = select(table).where(table.c.user_id == user.id)
            rows, more = select_page(connection, page("ListMFADevices", marker, max_items), query, table.c.serial)
        devices = [{"UserName": user.name, "SerialNumber": row.serial, "EnableDate": row.enabled_at} for row in rows]
        return {"MFADevices": devices, **more}

    @operation("ListVirtualMFADevices")
    def list_virtual_mfa_devices(
        self,
        call: Call,
        *,
        assignment_status: str = "Any",
        marker: str | None = None,
        max_items: int | None = None,
    ) -> Output:
        table = MFA_DEVICES
        with self._state.read() as connection:
            query = select(table).where(table.c.account == call.account)
            if assignment_status == "Assigned":
                query = query.where(table.c.user_id.is_not(None))
            elif assignment_status == "Unassigned":
                query = query.where(table.c.user_id.is_(None))
            elif assignment_status != "Any":
                raise InvalidInput("An assignment status is Assigned, Unassigned or Any.")
            position = page("ListVirtualMFADevices", marker, max_items)
            rows, more = select_page(connection, position, query, table.c.serial)
            ids = [row.user_id for row in rows if row.user_id is not None]
            users = {row.id: row for row in connection.execute(select(USERS).where(USERS.c.id.in_(ids)))}
            devices = []
            for row in rows:
                device: Output = {"SerialNumber": row.serial}
                if row.user_id is not None:
                    device["User"] = shown_user(self._state.partition, users[row.user_id])
                    device["EnableDate"] = row.enabled_at
                devices.append(with_tags(device, tags_of(connection, row.serial)))
        return {"VirtualMFADevices": devices, **more}

    def _of_user(self, connection: Connection, call: Call, user_name: str, serial: str) -> Any:
        user = entities.get(connection, USER, call.account, user_name)
        row = connection.execute(
            select(MFA_DEVICES).where(MFA_DEVICES.c.serial == serial, MFA_DEVICES.c.user_id == user.id)
        ).one_or_none()
        if row is None:
            raise NoSuchEntity(f"MFA Device with serial number {serial} is not enabled for user {user.name}.")
        return row

    def _synchronise(self, connection: Connection, call: Call, row: Any, codes: tuple[str, str], within: int) -> None:
        """Learn how far the device's clock is off from two codes in a row. Raises InvalidAuthenticationCode."""
        seed = MFA_SEED.decrypt(self._state.store.master_key, row.seed, row.serial)
        here = step_at(call.now)
        step = find_pair(seed, *codes, here, within=within, after=row.last_step)
        if step is None:
            raise InvalidAuthenticationCode("Authentication code for device is not valid.")
        _change(connection, row, drift=step - here, last_step=step, failures=0, failed_at=None)


def get_device(connection: Connection, account: str, serial: str) -> Any:
    """The device of that serial number. Raises NoSuchEntity."""
    table = MFA_DEVICES
    row = connection.execute(select(table).where(table.c.serial == serial, table.c.account == account)).one_or_none()
    if row is None:
        raise NoSuchEntity(f"VirtualMFADevice with serial number {serial} doesn't exist.")
    return row


def _change(connection: Connection, row: Any, **columns: object) -> None:
    connection.execute(update(MFA_DEVICES).where(MFA_DEVICES.c.serial == row.serial).values(**columns))
